"""Fetches the pages of a list and writes what one library says of them, as JSON Lines.

python fetch.py NAME URLS OUT
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path


def trafilatura(urls: list[str]) -> Iterator[dict]:
    from trafilatura import bare_extraction, fetch_url
    from trafilatura.settings import use_config

    config = use_config()
    config["DEFAULT"]["SSRF_PROTECTION"] = "off"  # the server is on loopback
    for url in urls:
        found = bare_extraction(fetch_url(url, config=config), url=url, with_metadata=True)
        if found:
            yield {"url": url, "title": found.title, "date": found.date, "text": found.text}


def newspaper4k(urls: list[str]) -> Iterator[dict]:
    from newspaper import Article
    from newspaper.mthreading import fetch_news

    # Images would be asked of hosts that are not there.
    articles = [Article(url, fetch_images=False) for url in urls]
    for article in fetch_news(articles, threads=8):
        yield {
            "url": article.url, "title": article.title, "date": str(article.publish_date),
            "text": article.text,
        }  # fmt: skip


def news_please(urls: list[str]) -> Iterator[dict]:
    from newsplease import NewsPlease

    # Images would be asked of hosts that are not there.
    found = NewsPlease.from_urls(urls, request_args={"timeout": 60}, fetch_images=False)
    for url, article in found.items():
        if not article:
            continue
        yield {
            "url": url, "title": article.title, "date": str(article.date_publish),
            "text": article.maintext,
        }  # fmt: skip


def gne(urls: list[str]) -> Iterator[dict]:
    import requests
    from gne import GeneralNewsExtractor

    extractor = GeneralNewsExtractor()
    with requests.Session() as session:
        for url in urls:
            response = session.get(url, timeout=30)
            found = extractor.extract(response.content.decode("utf-8"))
            yield {
                "url": url, "title": found["title"], "date": found["publish_time"],
                "text": found["content"],
            }  # fmt: skip


LIBRARIES = {
    "trafilatura": trafilatura, "newspaper4k": newspaper4k, "news-please": news_please, "gne": gne,
}  # fmt: skip


if __name__ == "__main__":
    name, urls_file, out = sys.argv[1:]
    with Path(out).open("w", encoding="utf-8") as file:
        for found in LIBRARIES[name](Path(urls_file).read_text().split()):
            file.write(json.dumps(found, ensure_ascii=False) + "\n")
