"""The store: one SQLite file, its tables and its single writer, without Scrapy."""
