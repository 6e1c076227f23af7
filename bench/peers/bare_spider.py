"""Scrapy with stock settings: downloads the pages of a list and drops them.

scrapy runspider bare_spider.py -a urls=FILE
"""

from pathlib import Path

import scrapy


class Bare(scrapy.Spider):
    name = "bare"

    async def start(self):
        for url in Path(self.urls).read_text().split():
            yield scrapy.Request(url)

    def parse(self, response):
        pass
