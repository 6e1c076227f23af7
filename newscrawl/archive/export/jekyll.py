"""Articles as posts of the mirror: the stored files as they are, else a post of generation 8."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator

from newscrawl.archive.article import StoredArticle, read_article
from newscrawl.archive.bodies import clean_body
from newscrawl.archive.export.front_matter import plain_scalar, quoted_scalar
from newscrawl.archive.export.paths import safe_path
from newscrawl.items import PageKind
from newscrawl.sites import finews
from newscrawl.sites.summary import without_source
from newscrawl.store.errors import StoreError
from newscrawl.store.raw_pages import load_raw_page
from newscrawl.text.escape import OBEYED, escape_markup, escape_templates

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00")
_LINK = re.compile(rf"(?:https?:)?//[^\s<>{{}}{OBEYED}]+")

HOME = f"//{finews.HOST}/"
"""Where the footers of the mirror's present posts lead."""


def jekyll_posts(connection: sqlite3.Connection, article_id: str) -> Iterator[tuple[str, bytes]]:
    """Yield (relative path, bytes) of each post of an article; nothing where there is no article.

    An article that was read from post files gives these files, byte for byte; one that was met
    only as pages gives one post of the mirror's present generation.

    :raises StoreError: the archive is a copy without the raw pages.
    """
    files = connection.execute(
        "SELECT page_id, page_hash FROM observations"
        " WHERE article_id = ? AND page_kind = ? ORDER BY page_id",
        (article_id, PageKind.POST_FILE),
    ).fetchall()
    for page_id, page_hash in files:
        try:
            yield safe_path(f"{page_id}.md"), load_raw_page(connection, page_hash)
        except KeyError:
            raise StoreError(
                f"The bytes of {page_id} are not in this archive: it is a copy without its raw "
                "pages. Export from the archive itself."
            ) from None
    if not files and (found := read_article(connection, article_id)) is not None:
        yield post_file_name(found), post(found).encode()


def post(found: StoredArticle) -> str:
    """Return an article as a post of generation 8: front matter, blocks, share link, footer.

    What the article says in words stays words when Jekyll builds the post: no tag, no template, no
    attribute and no link comes of them. Where it says nothing of the kind, that alters no byte.
    """
    parts = ["---", "layout: post", f"title: {quoted_scalar(found.title or '')}"]
    if _TIME.match(found.published_at or ""):
        parts.append(f"date: {(found.published_at or '')[:19].replace('T', ' ')} +0800")
    names = [each.category for each in found.categories]
    parts += [
        f"categories: {plain_scalar(' '.join(names))}",
        f"tags: {plain_scalar(' '.join(found.tags))}",
        "---",
    ]
    blocks = [escape_templates(clean_body(found.body_html))]
    summary = escape_markup(found.summary or "")
    if summary and without_source(found.summary or "") == found.body_text:
        blocks = ["", summary]  # as the mirror writes it: a paragraph, and no markup
    elif summary:
        blocks.insert(0, "".join(f"> {line}\n" for line in filter(None, summary.split("\n"))))
    text = "\n".join([*parts, *blocks]) + "\n\n"
    link = found.share_url or found.original_url or ""
    if _LINK.fullmatch(link):
        text += f"<{link}>\n\n"
    if names:
        tag, name = (
            " ".join(escape_markup(each).split()) for each in ([*found.tags, *names][0], names[0])
        )
        text += f"[返回{tag}]({HOME}category/{name}.html)｜[返回首页]({HOME})"
    return text


def post_file_name(found: StoredArticle) -> str:
    """Return the name of an article's post: its day in China and its id."""
    day = (found.published_at or "0000-00-00")[:10]
    return safe_path(f"_posts/{day}-{found.id.partition(':')[2] or found.id}.md")
