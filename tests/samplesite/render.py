"""The pages that Jekyll makes of the posts, and the lists of them."""

from __future__ import annotations

from collections.abc import Iterable

from newscrawl.demo.layout import Entry, Head, Item, page_excerpt, typographic, whole_page
from samplesite.article import DIGEST_ONLY
from samplesite.kramdown import blocks, quoted, spans
from samplesite.posts import footer, front_matter, link_of
from samplesite.truth import Post, Truth


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
    return "\n\n".join(parts), page_excerpt(first)


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
    return whole_page(Head(truth.title, post.path, "BlogPosting", published, description), section)


def emnews_page(heading: str, items: Iterable[Item]) -> str:
    """The page at /emnews/: its list came out as an escaped block of code, without links."""
    text = f'<h2 id="{heading}">{heading}</h2>\n<ul>\n  \n'
    for item in items:
        text += f'    <li><a href="{item.path}" target="_blank">{item.title}</a></li>\n  \n'
    text = (text + "</ul>\n").replace("<", "&lt;").replace(">", "&gt;")
    start = '<div class="language-plaintext highlighter-rouge"><div class="highlight">'
    block = f'\n{start}<pre class="highlight"><code>{text}</code></pre></div></div>\n\n'
    return whole_page(Head(heading, "/emnews/"), block)


def entry(truth: Truth, post: Post, when: str) -> Entry:
    """A post in the feed; one without front matter has neither title nor terms there."""
    html, words = content(truth, post)
    bare = post.printed is None
    title = "" if bare else truth.title
    terms = () if bare else (*post.shelf.categories, *post.shelf.tags)
    return Entry(post.path, title, when, html, words, terms)
