"""The layout of the site's pages and its feed, as Jekyll and its plugins write them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import quote

BASE = "https://finews.withounder.com"
NAME = "金融消息"
AUTHOR = {"@type": "Person", "name": "ZNing"}
NOTE = "【说明】<br />本站为演示用的仿制站点，文字均为虚构，不构成任何建议。"


class Head(NamedTuple):
    """What a page's head says."""

    title: str
    path: str
    kind: str = "WebPage"
    """``WebSite`` for the home page, ``BlogPosting`` for posts."""
    published: str | None = None
    description: str | None = None


class Item(NamedTuple):
    """A line of a list: a post's path and title."""

    path: str
    title: str


class Entry(NamedTuple):
    """A post in the feed."""

    path: str
    title: str
    when: str
    html: str
    excerpt: str
    terms: tuple[str, ...]


def absolute(path: str) -> str:
    """A path's address on the real host, percent-encoded."""
    return BASE + quote(path, safe="/(),.-_~")


def whole_page(head: Head, section: str) -> str:
    """A whole page around its section."""
    url = absolute(head.path)
    return f"""<!DOCTYPE html>
<html lang="zh-CN">
  <head>
    <meta charset="UTF-8">
    <meta http-equiv="X-UA-Compatible" content="IE=edge">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta content="ZNing" name="author" />
    <meta property="og:type" content="website" />
    <meta property="og:title" content="{head.title}">
    <meta property="og:description" content="{head.title}">
    <meta property="og:image" content="{BASE}/assets/img/xiaoxi.png">
    <meta property="og:url" content="{url}">
    <meta name="theme-color" content="#1976D2">
    <link rel="shortcut icon" href="https://withounder.com/images/favicon.ico">
    <link rel="alternate" type="application/atom+xml" title="{NAME}" href="{BASE}/feed.xml">

<!-- Begin Jekyll SEO tag v2.8.0 -->
{seo(head, url)}
<!-- End Jekyll SEO tag -->

    <link rel="stylesheet" href="/assets/css/style.css?v=">
    <!--[if lt IE 9]>
    <script src="https://cdnjs.cloudflare.com/ajax/libs/html5shiv/3.7.3/html5shiv.min.js"></script>
    <![endif]-->
    <script type="text/JavaScript">
      function AutoRefresh( t ) {{
       setTimeout("location.reload(true);", t);
      }}
    </script>
  </head>
  <body onload="JavaScript:AutoRefresh(60000);">
    <div class="wrapper">
      <header>
        <h1><a href="{BASE}/">{NAME}</a></h1>



        <p></p>

      </header>
      <section>

      {section}

      </section>
      <footer>
        <p><small>{NOTE}</small></p>
        <p>&copy; 2020 - <script type="text/javascript">document.write((new Date()).getFullYear());\
</script> {NAME}. </p>
      </footer>
    </div>
    <script src="/assets/js/scale.fix.js"></script>
  </body>
</html>
"""


def seo(head: Head, url: str) -> str:
    """What jekyll-seo-tag 2.8 writes: og tags a second time, and JSON-LD."""
    words = head.description.replace('"', "&quot;") if head.description else None
    lines = [
        f"<title>{head.title} | {NAME}</title>",
        '<meta name="generator" content="Jekyll v4.3.1" />',
        f'<meta property="og:title" content="{head.title}" />',
        '<meta name="author" content="ZNing" />',
        '<meta property="og:locale" content="zh_CN" />',
    ]
    if words:
        lines.append(f'<meta name="description" content="{words}" />')
        lines.append(f'<meta property="og:description" content="{words}" />')
    lines += [
        f'<link rel="canonical" href="{url}" />',
        f'<meta property="og:url" content="{url}" />',
        f'<meta property="og:site_name" content="{NAME}" />',
        f'<meta property="og:type" content="{"article" if head.published else "website"}" />',
    ]
    if head.published:
        lines.append(f'<meta property="article:published_time" content="{head.published}" />')
    lines += [
        '<meta name="twitter:card" content="summary" />',
        f'<meta property="twitter:title" content="{head.title}" />',
        '<script type="application/ld+json">',
    ]
    data: dict[str, object] = {
        "@context": "https://schema.org",
        "@type": head.kind,
        "author": AUTHOR,
    }
    if head.published:
        data |= {"dateModified": head.published, "datePublished": head.published}
    if words:
        data["description"] = words
    data["headline"] = head.title
    if head.kind == "WebSite":
        data["name"] = NAME
    if head.published:
        data["mainEntityOfPage"] = {"@type": "WebPage", "@id": url}
    data["url"] = url
    lines.append(json.dumps(data, ensure_ascii=False, separators=(",", ":")) + "</script>")
    return "\n".join(lines)


def listing(items: Iterable[Item], indent: str) -> str:
    """Items as list elements."""
    return "".join(
        f'{indent}  <li><a href="{item.path}">{item.title}</a></li>\n{indent}\n' for item in items
    )


def home_page(groups: Iterable[tuple[str, list[Item]]]) -> str:
    """The home page: up to five posts under each tag."""
    text = "".join(
        f'\n<h2 id="{tag}">{tag}</h2>\n<ul>\n    \n{listing(items, "    ")}  </ul>\n<hr />\n'
        for tag, items in groups
    )
    return whole_page(Head("首页", "/", "WebSite"), f"{text}\n\n")


def category_page(slug: str, title: str, heading: str, items: Iterable[Item]) -> str:
    """A category page: all its posts, newest first, without dates."""
    text = f'\n<h2 id="{heading}">{heading}</h2>\n\n<ul>\n  \n{listing(items, "  ")}</ul>\n'
    return whole_page(Head(title, f"/category/{slug}.html"), text)


def missing_page() -> str:
    """The page of status 404: it names an address made of the path's segments, and goes home."""
    script = """<script language="JavaScript">
  function myrefresh(){window.location="/";}
  setTimeout('myrefresh()',5000);
</script>

<h2 id="404-找不到页面-page-not-found">404 找不到页面 Page Not Found</h2>

<p>没有这个页面，它可能已经过期。</p>

<script language="JavaScript">
    var url = window.location.pathname;
    var url2 = url.split("/");
    var url3 = 'https://github.com/zning1994/finews/blob/main/old_post/'+url2[2]+'-'+url2[3]+'-'\
+url2[4]+'-'+url2[5].split(".")[0]+'.md';
    var hotText = '三天前的消息在此';
    document.write(hotText.link(url3));
</script>

<p><br />
请访问<a href="/">首页</a></p>
"""
    return whole_page(Head("404", "/404.html"), script)


def atom_feed(entries: Iterable[Entry], built: str) -> str:
    """The Atom feed as jekyll-feed 0.17 writes it."""
    text = (
        '<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom" '
        'xml:lang="zh-CN"><generator uri="https://jekyllrb.com/" version="4.3.1">Jekyll'
        f'</generator><link href="{BASE}/feed.xml" rel="self" type="application/atom+xml" />'
        f'<link href="{BASE}/" rel="alternate" type="text/html" hreflang="zh-CN" />'
        f"<updated>{built}</updated><id>{BASE}/feed.xml</id>"
        f'<title type="html">{NAME}</title><author><name>ZNing</name></author>'
    )
    for path, title, when, html, words, terms in entries:
        url, heading = absolute(path), typographic(title)
        text += (
            f'<entry><title type="html">{heading}</title><link href="{url}" rel="alternate" '
            f'type="text/html" title="{heading}" /><published>{when}</published>'
            f"<updated>{when}</updated><id>{url.removesuffix('.html')}</id>"
            f'<content type="html" xml:base="{url}"><![CDATA[{html}]]></content>'
            "<author><name>ZNing</name></author>"
            + "".join(f'<category term="{term}" />' for term in terms)
            + f'<summary type="html"><![CDATA[{words}]]></summary></entry>'
        )
    return text + "</feed>"


def typographic(text: str) -> str:
    """Quotes, dashes and dots as kramdown sets them."""
    text = text.replace("---", "—").replace("--", "–").replace("...", "…")
    text = re.sub(r'(^|[\s(（，。：、])"', r"\1“", text)
    return re.sub(r'"(?=\w)(?=[^"]*")', "“", text, count=1).replace('"', "”")


def page_excerpt(markup: str) -> str:
    """The words of a page's first part, for its description: no tags, white space single."""
    text = re.sub(r"<!--(?:.*?-->|.*)|<[^<>]*>", "", markup, flags=re.S)
    return re.sub(r"[ \t\r\n\f\v]+", " ", text).strip()
