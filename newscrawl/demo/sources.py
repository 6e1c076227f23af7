"""Sources of the real feed: their names, and the slugs of their categories."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import NamedTuple


class NamedSource(NamedTuple):
    """A source: ``国际商报`` is listed under ``guojishangbao``.

    The slug is the name in pinyin, each character by its first reading, so 厦门日报 is
    ``shamenribao``; what is not Han stays as it is, spaces, ``·`` and parentheses included.
    """

    name: str
    slug: str


@cache
def all_sources() -> tuple[NamedSource, ...]:
    """All sources, the busy ones first (they are first in the table)."""
    text = files(__package__).joinpath("sources.tsv").read_text(encoding="utf-8")
    return tuple(NamedSource(*line.split("\t")) for line in text.splitlines()[1:])


def source_of_slug(slug: str) -> NamedSource:
    """The source of a slug."""
    return next(each for each in all_sources() if each.slug == slug)


def plain_sources() -> tuple[NamedSource, ...]:
    """The sources whose slugs give no trouble: no space, ``·`` or parenthesis, no case twin."""
    slugs = [each.slug.lower() for each in all_sources()]
    return tuple(
        each
        for each in all_sources()
        if not set(each.slug) & set(" ·()") and slugs.count(each.slug.lower()) == 1
    )
