"""Reads pages that are in memory, by one library, and says how long it took.

    python read.py NAME MANIFEST [OUT]

MANIFEST has a JSON object a line, with ``url`` and ``file``. Prints JSON: pages, seconds, errors.
OUT gets what was read, a JSON object a page: title, time, source, body, mentions.
"""

import json
import re
import sys
import time
from pathlib import Path


def newscrawl():
    from newscrawl.items import Page
    from newscrawl.sites import read_page
    from newscrawl.sites.normalise import normalise

    seen_at, kind = "2022-06-15T00:00:00+00:00", "text/html; charset=utf-8"

    def one(url, body):
        name = url.rpartition("/")[2].removesuffix(".html")
        page = Page("post_page", name, url, body, seen_at, content_type=kind)
        article = read_page(page)
        normalise(article)
        return article

    def tell(article):
        return {
            "title": article.title,
            "time": article.published_at,
            "source": article.source,
            "body": article.body_text,
            "mentions": sorted(
                {
                    (each.market, each.code)
                    for each in article.mentions or ()
                    if each.origin != "chart"
                }
            ),
        }

    return one, tell


def lxml_xpath():
    """The fields by bare XPath: what reading such a page costs at the least."""
    from lxml import etree, html

    parser = html.HTMLParser(encoding="utf-8")
    title = etree.XPath("string(//section/h1)")
    published = etree.XPath("string(//section/small[1])")
    paragraphs = etree.XPath("//section/p | //section/table | //section/center")
    tags = etree.XPath('//section/small[contains(., "tags:")]/em/text()')
    mentions = etree.XPath("//section//a/@data-code")
    share = etree.XPath('string(//section//a[contains(@href, "NewsShare")]/@href)')
    image = etree.XPath("//section//img/@src")
    section = etree.XPath("//section")
    category = etree.XPath('string(//section//a[contains(@href, "/category/")]/@href)')
    text = etree.XPath("string()")
    source = re.compile(r"文章来源：([^）]+)）")

    def one(url, body):
        root = html.document_fromstring(body, parser=parser)
        lines = [" ".join(text(each).split()) for each in paragraphs(root)]
        whole = "\n".join(line for line in lines if line)
        found = source.search(whole)
        return {
            "title": title(root), "time": published(root)[-19:],
            "source": found[1] if found else None, "body": whole,
            "mentions": [tuple(each.split(",", 1)) for each in mentions(root)],
            "tags": tags(root), "share_url": share(root), "images": image(root),
            "category": category(root),
            "html": [etree.tostring(each, encoding="unicode") for each in section(root)],
        }  # fmt: skip

    return one, lambda found: found


def trafilatura():
    from trafilatura import bare_extraction

    def one(url, body):
        return bare_extraction(body, url=url, with_metadata=True)

    def tell(found):
        if found is None:
            return {}
        return {"title": found.title, "time": found.date, "body": found.text}

    return one, tell


def newspaper4k(**options):
    from newspaper import Article

    def one(url, body):
        # Images would be asked of hosts that are not there.
        article = Article(url, fetch_images=False, **options)
        article.download(input_html=body.decode("utf-8"))
        article.parse()
        return article

    def tell(article):
        when = article.publish_date
        return {
            "title": article.title, "time": when.isoformat() if when else None,
            "body": article.text,
        }  # fmt: skip

    return one, tell


def newspaper4k_zh():
    return newspaper4k(language="zh")


def news_please():
    from newsplease import NewsPlease

    def one(url, body):
        return NewsPlease.from_html(body.decode("utf-8"), url=url, fetch_images=False)

    def tell(article):
        when = article.date_publish
        return {
            "title": article.title, "time": when.isoformat() if when else None,
            "body": article.maintext,
        }  # fmt: skip

    return one, tell


def gne():
    from gne import GeneralNewsExtractor

    extractor = GeneralNewsExtractor()

    def one(url, body):
        return extractor.extract(body.decode("utf-8"))

    def tell(found):
        return {
            "title": found["title"], "time": found["publish_time"], "body": found["content"],
        }  # fmt: skip

    return one, tell


def readability():
    from lxml import html
    from readability import Document

    def one(url, body):
        document = Document(body.decode("utf-8"))
        return document.short_title(), document.summary(html_partial=True)

    def tell(found):
        title, summary = found
        body = html.fromstring(summary).text_content() if summary.strip() else ""
        return {"title": title, "body": body}

    return one, tell


READERS = {
    "newscrawl": newscrawl, "lxml": lxml_xpath, "trafilatura": trafilatura,
    "newspaper4k": newspaper4k, "newspaper4k-zh": newspaper4k_zh, "news-please": news_please,
    "gne": gne, "readability": readability,
}  # fmt: skip


def main(name, manifest, out=None):
    one, tell = READERS[name]()
    pages = []
    for line in Path(manifest).read_text(encoding="utf-8").splitlines():
        each = json.loads(line)
        pages.append((each["url"], Path(each["file"]).read_bytes()))
    for url, body in pages[:5]:  # imports and compiled patterns are not the cost of a page
        attempt(one, url, body)
    found, errors = [], 0
    began = time.perf_counter()
    for url, body in pages:
        got, error = attempt(one, url, body)
        errors += error
        if out:
            found.append(tell(got) if got is not None and not error else {})
    seconds = time.perf_counter() - began
    if out:
        lines = (json.dumps(each, ensure_ascii=False, default=str) for each in found)
        Path(out).write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(json.dumps({"pages": len(pages), "seconds": seconds, "errors": errors}))


def attempt(one, url, body):
    """Read a page; one that cannot be read is counted, and does not stop the run."""
    try:
        return one(url, body), 0
    except Exception:
        return None, 1


if __name__ == "__main__":
    main(*sys.argv[1:])
