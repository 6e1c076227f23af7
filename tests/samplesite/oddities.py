"""What goes wrong at the real sources, by name: the mirror does each of them on request.

An oddity has a place in a round of sixty articles, so that ``Site(oddities={"table"})`` and
``Site(oddities={"all"})`` put it on the same articles.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

ROUND = 60
"""Every oddity occurs once in so many articles."""


class Oddity(NamedTuple):
    """One oddity: what it is, and the generations of the posts that show it."""

    name: str
    about: str
    posts: tuple[str, ...] = ("8",)


ALL_ODDITIES: tuple[Oddity, ...] = (
    # Which posts an article has, and how they were written.
    Oddity("pair", "the same article as NW post and as emnews post", ("6", "8")),
    Oddity("gen_0", "blank line before the front matter: no layout, no title, unlinked", ("0",)),
    Oddity("gen_1", "digest only, no zone (shown 8 hours late), no footer", ("1",)),
    Oddity("gen_2", "digest only, no zone, footer ../emnews/", ("2",)),
    Oddity("gen_3", "digest only, no zone, footer on two lines with the site's host", ("3",)),
    Oddity("gen_4", "digest only, zone, footer on two lines with the first host", ("4",)),
    Oddity("gen_5", "digest only, zone, footer joined by a bar", ("5",)),
    Oddity("gen_6", "digest and linked body, with the original URL", ("6",)),
    Oddity("gen_7a", "NW post with simtitle and simdigest, first share host", ("7a",)),
    Oddity("gen_7b", "NW post whose footer lacks /category/", ("7b",)),
    Oddity("old_post", "only at /old_post/, which nothing links", ("8",)),
    Oddity("blank_record", "a second post file without title, time and URL", ("6",)),
    Oddity("quoted_title", "a quote in the title breaks the front matter: bare page", ("8",)),
    Oddity("notice", "a notice of the site: no number, no footer, shown 8 hours late", ("notice",)),
    Oddity("old_id", "an id of 17 digits, of 2017"),
    # Categories.
    Oddity("two_words", "a category of two words: listed under the first, its own page empty"),
    Oddity("two_spaces", "a category of two words with two spaces between"),
    Oddity("two_categories", "listed on two category pages"),
    Oddity("tag_twice", "每日经济新闻新闻: the source's name ends like the tag"),
    Oddity("case_twin_upper", "TechWeb, which shares its path with Techweb"),
    Oddity("case_twin_lower", "Techweb, which shares its path with TechWeb"),
    Oddity("dot_slug", "a middle dot in the slug"),
    Oddity("parenthesis_slug", "parentheses in the slug"),
    Oddity("other_source", "the body names another source than the tag"),
    # Digests.
    Oddity("digest_star", "two asterisks in the digest become emphasis", ("6",)),
    Oddity("digest_bar", "a bar makes a table of the digest", ("6",)),
    Oddity("digest_bracket", "what stood before a second 】 is lost", ("6",)),
    Oddity("digest_quotes", "straight quotes, dots and dashes are made typographic", ("6",)),
    # Bodies.
    Oddity("linked_source", "links on words of the source line", ("6",)),
    Oddity("split_word", "a keyword linked inside a Latin word", ("6",)),
    Oddity("false_link", "a common word linked as a Hong Kong stock", ("6",)),
    Oddity("hong_kong", "a Hong Kong stock: Info.116, no quote span", ("6",)),
    Oddity("us_stocks", "stocks of NASDAQ and NYSE", ("6",)),
    Oddity("index_link", "an index linked like a keyword", ("6",)),
    Oddity("later_mentions", "later mentions as spans with href, one without a first", ("6",)),
    Oddity("keywords", "keywords that link to data pages, not to securities", ("6",)),
    Oddity("real_link", "a real link without a class"),
    Oddity("kline_board", "a K-line image of a board"),
    Oddity("kline_bare", "a K-line image without a link"),
    Oddity("hidden", "a hidden first paragraph and a K-line image"),
    Oddity("crlf", "paragraphs separated by carriage return, line feed and space"),
    Oddity("images", "images, two in a row, with a caption and odd alt texts"),
    Oddity("table", "a table"),
    Oddity("subtitles", "strong subtitles with a trailing space, strong inside sentences"),
    Oddity("entities", "&nbsp; and &lt; in the text"),
    Oddity("ideographic_space", "a single U+3000 in the text"),
    Oddity("line_breaks", "<br /> inside and at the end of paragraphs"),
    Oddity("disclaimer", "a disclaimer in parentheses at the end of the text"),
    # Answers of the share interface.
    Oddity("share_html", "an HTML error page in place of JSON"),
    Oddity("share_empty", "an empty answer"),
    Oddity("share_null", "null"),
    Oddity("share_bare", "an answer without text and content"),
    Oddity("share_wrapped", "the answer as a JavaScript assignment"),
    Oddity("share_date_minute", "the answer's time without seconds"),
    Oddity("share_date_day", "the answer's date without time"),
    Oddity("share_date_clock", "the answer's time without date"),
)

SITE_ODDITIES = {
    "shifted_titles": "category pages name another category in title and og:title; h2 is right",
}
"""Oddities of the site as a whole, by name."""

ODDITIES = {each.name: each.about for each in ALL_ODDITIES} | SITE_ODDITIES
"""Every oddity's name, and what it is."""

DEFAULT = frozenset(
    [
        "pair",
        "gen_5",
        "gen_6",
        "tag_twice",
        "other_source",
        "later_mentions",
        "keywords",
        "hong_kong",
        "linked_source",
        "hidden",
        "kline_bare",
        "crlf",
        "images",
        "subtitles",
        "line_breaks",
        "disclaimer",
    ]
)
"""A mild mix: what most days of the real mirror hold."""

UNLISTED = frozenset({"gen_0", "old_post", "quoted_title"})
"""Oddities whose page no listing links to."""

STEP = 7  # has no factor in common with ROUND: neighbours in the table are not neighbours in time

assert len(ALL_ODDITIES) <= ROUND


def resolve(names: Iterable[str]) -> frozenset[str]:
    """The names of the oddities; ``all`` stands for every one.

    Raises ValueError for an unknown name.
    """
    chosen = frozenset([names] if isinstance(names, str) else names)
    if "all" in chosen:
        return frozenset(ODDITIES)
    if unknown := chosen - set(ODDITIES):
        raise ValueError(f"no such oddity: {', '.join(sorted(unknown))}; see ODDITIES")
    return chosen


def oddity_at(place: int, chosen: frozenset[str]) -> Oddity | None:
    """The chosen oddity at a place (0 to 59) of the round."""
    number = place * STEP % ROUND
    if number >= len(ALL_ODDITIES) or ALL_ODDITIES[number].name not in chosen:
        return None
    return ALL_ODDITIES[number]
