"""The archive: one SQLite file, its tables, its one writer. Knows nothing of Scrapy."""
