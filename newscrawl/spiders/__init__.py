"""The spiders: where to go next. ``scrapy list`` shows them."""
