"""The pages that Jekyll makes of the posts, and the lists of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from newscrawl.demo.article import DIGEST_ONLY
from newscrawl.demo.kramdown import blocks, excerpt, quoted, spans, typographic
from newscrawl.demo.layout import BASE, NAME, Head, absolute, page
from newscrawl.demo.posts import footer, front_matter, link_of
from newscrawl.demo.truth import Post, Truth


class Item(NamedTuple):
    """A line of a list: a post's path and title."""

    path: str
    title: str


def content(truth: Truth, post: Post) -> tuple[str, str]:
    """A post's body as HTML with its links, and its excerpt (up to the first blank line)."""
    if post.generation == "notice":
        first = f"<p>{truth.full.paragraphs[0]}</p>"
    elif post.generation == "7a":
        first = f"<p>{spans(truth.title)}\n{spans(truth.digest or '')}</p>"
    elif post.generation == "0" or post.generation in DIGEST_ONLY:
        first = f"<p>{spans(truth.digest or '')}</p>"
    elif post.generation == "6":
        first = quoted(truth.digest or "")
    else:
        first = blocks(truth.body.blocks, linked=False)
    parts = [first]
    if post.generation == "6":
        parts.append(blocks(truth.body.blocks, linked=True))
    if link := link_of(truth, post):
        parts.append(f'<p><a href="{link}">{link}</a></p>')
    parting, links = footer(post)
    if links:
        anchors = (f'<a href="{target}">{words}</a>' for words, target in links)
        parts.append(f"<p>{parting.join(anchors)}</p>")
    return "\n\n".join(parts), excerpt(first)


def post_page(truth: Truth, post: Post) -> str:
    """The page of a post.

    Without front matter Jekyll knows no layout, so generation 0 and a post whose title breaks
    its front matter come out bare.
    """
    html, words = content(truth, post)
    if "quoted_title" in truth.oddities:
        return html + "\n"
    if post.generation == "0":
        front = front_matter(post, truth.title, f"{truth.published:%Y-%m-%d %H:%M:%S}")
        lines = typographic(front.removeprefix("---\n").removesuffix("---\n")) + "—"
        return f"\n<hr />\n<p>{lines}</p>\n\n{html}\n"
    tags = "".join(f" <em>{tag}</em>" for tag in post.shelf.tags)
    section = (
        f"<small>(GMT+8, Asia/Shanghai, CST) {post.printed}</small>\n"
        f"<h1>{truth.title}</h1>\n\n{html}\n\n\n\n  <small>tags:{tags}</small>\n\n"
    )
    published = (post.printed or "").replace(" ", "T") + "+08:00"
    description = None if post.path.startswith("/old_post/") else words
    return page(Head(truth.title, post.path, "BlogPosting", published, description), section)


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
    return page(Head("首页", "/", "WebSite"), f"{text}\n\n")


def category_page(slug: str, title: str, heading: str, items: Iterable[Item]) -> str:
    """A category page: all its posts, newest first, without dates."""
    text = f'\n<h2 id="{heading}">{heading}</h2>\n\n<ul>\n  \n{listing(items, "  ")}</ul>\n'
    return page(Head(title, f"/category/{slug}.html"), text)


def emnews_page(heading: str, items: Iterable[Item]) -> str:
    """The page at /emnews/: its list came out as an escaped block of code, without links."""
    text = f'<h2 id="{heading}">{heading}</h2>\n<ul>\n  \n'
    for item in items:
        text += f'    <li><a href="{item.path}" target="_blank">{item.title}</a></li>\n  \n'
    text = (text + "</ul>\n").replace("<", "&lt;").replace(">", "&gt;")
    start = '<div class="language-plaintext highlighter-rouge"><div class="highlight">'
    block = f'\n{start}<pre class="highlight"><code>{text}</code></pre></div></div>\n\n'
    return page(Head(heading, "/emnews/"), block)


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
    return page(Head("404", "/404.html"), script)


def feed(entries: Iterable[tuple[Truth, Post, str]], built: str) -> str:
    """The Atom feed as jekyll-feed 0.17 writes it; an entry's third part is its time."""
    text = (
        '<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom" '
        'xml:lang="zh-CN"><generator uri="https://jekyllrb.com/" version="4.3.1">Jekyll'
        f'</generator><link href="{BASE}/feed.xml" rel="self" type="application/atom+xml" />'
        f'<link href="{BASE}/" rel="alternate" type="text/html" hreflang="zh-CN" />'
        f"<updated>{built}</updated><id>{BASE}/feed.xml</id>"
        f'<title type="html">{NAME}</title><author><name>ZNing</name></author>'
    )
    for truth, post, when in entries:
        bare = post.printed is None
        title = "" if bare else typographic(truth.title)
        html, words = content(truth, post)
        url = absolute(post.path)
        terms = () if bare else (*post.shelf.categories, *post.shelf.tags)
        text += (
            f'<entry><title type="html">{title}</title><link href="{url}" rel="alternate" '
            f'type="text/html" title="{title}" /><published>{when}</published>'
            f"<updated>{when}</updated><id>{url.removesuffix('.html')}</id>"
            f'<content type="html" xml:base="{url}"><![CDATA[{html}]]></content>'
            "<author><name>ZNing</name></author>"
            + "".join(f'<category term="{term}" />' for term in terms)
            + f'<summary type="html"><![CDATA[{words}]]></summary></entry>'
        )
    return text + "</feed>"
