"""Media of the real feed: their names, and the slugs that the mirror makes of them."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import NamedTuple


class Media(NamedTuple):
    """A medium: ``国际商报`` is listed under ``guojishangbao``.

    The slug is the name in pinyin, each character by its first reading, so 厦门日报 is
    ``shamenribao``; what is not Han stays as it is, spaces, ``·`` and parentheses included.
    """

    name: str
    slug: str


@cache
def media() -> tuple[Media, ...]:
    """All media, the busy ones first (they are first in the table)."""
    text = files(__package__).joinpath("media.tsv").read_text(encoding="utf-8")
    return tuple(Media(*line.split("\t")) for line in text.splitlines()[1:])


def medium(slug: str) -> Media:
    """The medium of a slug."""
    return next(each for each in media() if each.slug == slug)


def plain() -> tuple[Media, ...]:
    """The media whose slugs give no trouble: no space, ``·`` or parenthesis, no case twin."""
    slugs = [each.slug.lower() for each in media()]
    return tuple(
        each
        for each in media()
        if not set(each.slug) & set(" ·()") and slugs.count(each.slug.lower()) == 1
    )
