"""Sites that show something else in the place of some articles, and what an archive then holds."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from crawls import dump, query
from samplesite.site import Response, Site


def garbled(text: str, write: str, read: str) -> str:
    return text.encode(write, "replace").decode(read, "replace")


_ARTICLE = re.compile(
    r"(<h1>)([^<]*)(</h1>)(.*?)((?:<p><a href=\"[^\"]*NewsShare[^\n]*)?\s*"
    r"(?:<p><a [^\n]*返回首页[^\n]*\s*)?(?:<small>tags:.*?</small>\s*)?</section>)",
    re.DOTALL,
)


def shows(make: Callable[[str, str, str], tuple[str, str]]) -> Callable[[Response], Response]:
    """Return what shows something else in the layout of a page.

    *make* is given the address's number, the title and the body, and returns another pair.
    """

    def fault(response: Response) -> Response:
        text = response.body.decode()
        found = _ARTICLE.search(text, text.index("<section>"))
        assert found, text
        number = re.findall(r"\d{15,}", text)[0]
        title, body = make(number, found[2], found[4])
        made = f"{text[: found.start()]}<h1>{title}</h1>\n{body}\n{found[5]}{text[found.end() :]}"
        # Another answer has another validator.
        return Response(200, made.encode(), response.headers | {"ETag": '"something else"'})

    return fault


def articles(db: Path) -> dict[str, list[Any]]:
    """Return what readers see, and which pages said it."""
    found = dump(db)
    return {
        name: found[name]
        for name in ("articles", "article_categories", "mentions", "observations", "revisions")
    }


def plain(site: Site, count: int, *, posts: int | None = None) -> list[str]:
    """Paths of the posts of *count* articles, each with a body; of those with so many *posts*."""
    some = [
        truth
        for truth in site.truths()
        if truth.linked and truth.rank and posts in (None, len(truth.posts))
    ]
    return [path for truth in some[:count] for path in truth.paths]


def texts(db: Path) -> list[tuple[Any, ...]]:
    return query(db, "SELECT id, title, body_text FROM articles ORDER BY id")
