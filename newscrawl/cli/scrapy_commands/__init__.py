"""Commands of ``scrapy`` in a checkout that differ from Scrapy's own."""
