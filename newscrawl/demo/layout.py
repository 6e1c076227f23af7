"""The mirror's page layout: head, header and footer, as Jekyll and its plugins write them."""

from __future__ import annotations

import json
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


def absolute(path: str) -> str:
    """A path's address on the real host, percent-encoded."""
    return BASE + quote(path, safe="/(),.-_~")


def page(head: Head, section: str) -> str:
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
