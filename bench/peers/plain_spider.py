"""The job as a plain Scrapy project has it: an item, an ItemLoader, JSON Lines.

scrapy runspider plain_spider.py -a urls=FILE -O articles.jsonl
scrapy runspider plain_spider.py -a home=URL -O articles.jsonl
"""

import re
from pathlib import Path

import scrapy
from itemloaders.processors import Identity, Join, MapCompose, TakeFirst
from scrapy.loader import ItemLoader


class Article(scrapy.Item):
    url = scrapy.Field()
    title = scrapy.Field()
    published = scrapy.Field()
    source = scrapy.Field()
    body = scrapy.Field()
    tags = scrapy.Field()
    mentions = scrapy.Field()
    share_url = scrapy.Field()


class Loader(ItemLoader):
    default_item_class = Article
    default_input_processor = MapCompose(str.strip)
    default_output_processor = TakeFirst()
    body_out = Join("\n")
    tags_out = mentions_out = Identity()


class Plain(scrapy.Spider):
    name = "plain"
    urls = home = None

    async def start(self):
        if self.home:
            yield scrapy.Request(self.home, callback=self.parse_home)
        for url in Path(self.urls).read_text().split() if self.urls else ():
            yield scrapy.Request(url)

    def parse_home(self, response):
        """The way that the mirror's own pages show: a post's footer names its category page."""
        for href in response.css("section li a::attr(href)").getall():
            yield response.follow(href, callback=self.parse_first)

    def parse_first(self, response):
        yield from self.parse(response)
        for href in response.css("section p a::attr(href)").getall():
            if "/category/" in href or href.rstrip("/").endswith("/emnews"):
                path = "/category/" + href.rpartition("/category/")[2]
                if path.endswith("/emnews/"):
                    path = "/category/emnews.html"
                yield response.follow(path, callback=self.parse_category)

    def parse_category(self, response):
        for href in response.css("section li a::attr(href)").getall():
            yield response.follow(href, callback=self.parse)

    def parse(self, response):
        loader = Loader(response=response)
        loader.add_value("url", response.url)
        loader.add_xpath("title", "//section/h1/text()")
        loader.add_xpath("published", "//section/small[1]/text()", re=r"\d{4}-\d\d-\d\d [\d:]+")
        loader.add_xpath("source", "//section//p", re=r"文章来源：(?:<[^>]+>)?([^）<]+)")
        for paragraph in response.xpath("//section/p"):
            loader.add_value("body", re.sub(r"\s+", " ", paragraph.xpath("string()").get()))
        loader.add_xpath("tags", '//section/small[contains(., "tags:")]/em/text()')
        loader.add_xpath("mentions", "//section//a/@data-code")
        loader.add_xpath("share_url", '//section//a[contains(@href, "infoCode=")]/@href')
        yield loader.load_item()
