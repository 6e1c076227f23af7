"""How the fields of an article are taken from a page: by rules that are data, and are counted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, Literal, Protocol

from itemloaders import ItemLoader
from itemloaders.processors import Identity, MapCompose, TakeFirst
from lxml import etree
from parsel import Selector

from newscrawl import texts
from newscrawl.items import Article


class Stats(Protocol):
    """What counts the use of rules: Scrapy's stats collector, or anything with this method."""

    def inc_value(self, key: str, count: int = 1) -> None: ...


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to get one field; rules of a field are tried in order until one gives something."""

    field: str
    """The field of Article."""
    path: str
    """An XPath of the page, or a key of the answer."""
    note: str = ""
    """Why it is there; for all but a field's first rule, when it is needed."""
    kind: Literal["xpath", "key", "rule"] = "xpath"
    """``rule``: written in code; path is what it is called."""
    name: str = ""
    """What it reads, in words, where an article says which rule it was."""

    @property
    def key(self) -> str:
        """The name under which its use is counted."""
        return f"parser/{self.field}/{self.kind}/{self.path}"


# What no text means: controls but tab and line ends, lone surrogates (JSON escapes make them, and
# SQLite refuses them), and what is no character (lxml refuses it).
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
# Also characters of no width: they break searches for the words that they stand in.
_INVISIBLE = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x9f\ud800-\udfff\u200b\u2060\ufeff\u00ad]")


def clean(text: str) -> str:
    """Return the text without control characters and lone surrogates, lines ended by ``\\n``."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x85", "\n")
    return _CONTROLS.sub("", text)


def squeeze(text: str) -> str:
    """Return the text as one line: every run of white space, NBSP and U+3000 too, is one space."""
    line = " ".join(text.split())
    # A look at the whole is faster than a search for what is hardly ever there.
    return line if line.isprintable() else " ".join(_INVISIBLE.sub("", text).split())


def _squeeze_text(value: Any) -> Any:
    return squeeze(value) if isinstance(value, str) else value


def unique(values: Iterable[Any]) -> list[Any]:
    """Return the values without repeats, in order."""
    return list(dict.fromkeys(values))


class ArticleLoader(ItemLoader):
    """Fills an Article from one page.

    Given `stats`, it counts each rule that it tries, ``parser/<field>/xpath/<path>``: 1 where it
    gave something, else 0. A first rule that stays at 0 is dead; a fallback above 0 is a redesign.
    """

    default_item_class = Article
    default_input_processor = MapCompose(_squeeze_text)
    default_output_processor = TakeFirst()

    # These come from the body's own reader, which has made their white space already.
    body_html_in = body_text_in = digest_in = mentions_in = unknown_in = Identity()
    categories_out = tags_out = images_out = unique
    mentions_out = Identity()

    # Without a processor of its own a field asks the item class for one, at half of a loader's
    # cost.
    for _field in fields(Article):
        locals().setdefault(f"{_field.name}_in", default_input_processor)
        locals().setdefault(f"{_field.name}_out", default_output_processor)
    del _field

    @classmethod
    def of(cls, root: etree._Element, stats: Stats | None = None) -> ArticleLoader:
        """Return a loader on a parsed page.

        The selector takes the tree as it is: parsing is most of what reading a page costs.
        """
        return cls(selector=Selector(root=root, type="html"), stats=stats)

    def load_item(self) -> Any:
        """Return the article, in the form and the size that are stored."""
        article: Article = super().load_item()
        texts.settle(article)
        return article

    def apply(
        self, rules: Iterable[Rule], data: Mapping[str, Any] | None = None
    ) -> dict[str, Rule]:
        """Fill each field by its first rule that gives something; return the rules that did."""
        used: dict[str, Rule] = {}
        for rule in rules:
            if rule.field in used:
                continue
            if rule.kind == "key":
                values = key_values(data or {}, rule.path)
            else:
                assert self.selector is not None  # noqa: S101 - for the type checker
                values = xpath_values(self.selector.root, rule.path)
            if self.put(rule.field, rule.kind, rule.path, values):
                used[rule.field] = rule
        return used

    def put(self, field: str, kind: str, rule: str, value: Any) -> bool:
        """Add a value that a rule gave, count the rule, and tell whether it gave anything."""
        before = len(self.get_collected_values(field))
        self.add_value(field, value)
        gave = any(got not in ("", None) for got in self.get_collected_values(field)[before:])
        if self.stats is not None:
            self.stats.inc_value(f"parser/{field}/{kind}/{rule}", int(gave))
        return gave


@lru_cache(maxsize=256)
def _compiled(path: str) -> Callable[[etree._Element], Any]:
    compiled: Callable[[etree._Element], Any] = etree.XPath(path)
    return compiled


def xpath_values(root: etree._Element, path: str) -> list[str]:
    """Return the texts that an XPath finds; an element's is all of its text."""
    found = _compiled(path)(root)
    if not isinstance(found, list):
        return [str(found)]
    return [text_of(each) if hasattr(each, "tag") else str(each) for each in found]


_STRING: Callable[[etree._Element], Any] = etree.XPath("string()", smart_strings=False)


def text_of(element: etree._Element) -> str:
    """Return all text in an element, without comments, joined with nothing.

    Joined with nothing because sources break words by links on a part of them.
    """
    return str(_STRING(element))


def key_values(data: Mapping[str, Any], key: str) -> list[str]:
    """Return the text under a key; nothing where it is missing, null or no text."""
    value = data.get(key)
    return [clean(value)] if isinstance(value, str) else []
