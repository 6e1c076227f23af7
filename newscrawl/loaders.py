"""Extracts an article's fields from a page, by rules that are data and whose use is counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Literal, Protocol

from itemloaders import ItemLoader
from itemloaders.processors import Identity, TakeFirst
from lxml import etree
from parsel import Selector

from newscrawl.items import Article
from newscrawl.text.limits import sanitize_article
from newscrawl.text.sanitize import squeeze, strip_controls, unique

Processor = Callable[[Any], Any]


class Stats(Protocol):
    """What counts the use of rules: Scrapy's stats collector, or anything with this method."""

    def inc_value(self, key: str, count: int = 1) -> None: ...


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to get one field; a field's rules are tried in order until one yields a value."""

    field: str
    """The field of Article."""
    path: str
    """An XPath of the page, or a key of the answer."""
    note: str = ""
    """Why it exists; for all but a field's first rule, when it is needed."""
    kind: Literal["xpath", "key", "rule"] = "xpath"
    """``rule``: implemented in code; *path* is its name."""
    name: str = ""
    """A description of what it reads, for fields that name the rule used."""

    @property
    def key(self) -> str:
        """The name under which its use is counted."""
        return f"parser/{self.field}/{self.kind}/{self.path}"


def _squeezed(values: Iterable[Any]) -> list[Any]:
    return [squeeze(value) if isinstance(value, str) else value for value in values]


class ArticleLoader(ItemLoader):
    """Fills an Article from one page.

    Given *stats*, it counts each rule that it tries, ``parser/<field>/xpath/<path>``: 1 if it
    yielded a value, else 0. A first rule that stays at 0 is dead; a fallback above 0 means that
    the page was redesigned.
    """

    default_item_class = Article
    default_input_processor = staticmethod(_squeezed)
    default_output_processor = TakeFirst()

    # These come from the body's own reader, which has normalized their white space.
    body_html_in = body_text_in = summary_in = mentions_in = unknown_in = removed_in = Identity()
    categories_out = tags_out = images_out = staticmethod(unique)
    mentions_out = Identity()

    _inputs: ClassVar[dict[str, Processor]] = {}
    _outputs: ClassVar[dict[str, Processor]] = {}

    # ItemLoader looks up the processors for each value, though they depend on the class alone: that
    # is about a fifth of reading a post (`python -m bench loader`). Nothing else is overridden but
    # load_item, which sanitizes.

    def get_input_processor(self, field_name: str) -> Processor:
        """Return the processor of the values that are collected for a field."""
        found = self._inputs.get(field_name)
        if found is None:
            found = self._inputs[field_name] = super().get_input_processor(field_name)
        return found

    def get_output_processor(self, field_name: str) -> Processor:
        """Return the processor that makes a field of the values collected for it."""
        found = self._outputs.get(field_name)
        if found is None:
            found = self._outputs[field_name] = super().get_output_processor(field_name)
        return found

    def _collect(self, field: str, value: Any) -> list[Any]:
        """Add a value to a field; return what that adds."""
        before = len(self.get_collected_values(field))
        self.add_value(field, value)
        added: list[Any] = self.get_collected_values(field)[before:]
        return added

    def has(self, field: str) -> bool:
        """Whether a value was collected for a field."""
        return self.get_output_value(field) not in (None, "")

    def load_item(self) -> Article:
        """Return the article, sanitized and limited in size."""
        article: Article = super().load_item()
        sanitize_article(article)
        return article

    @classmethod
    def of(cls, root: etree._Element, stats: Stats | None = None) -> ArticleLoader:
        """Return a loader for a parsed page.

        The tree is used as it is: parsing is most of the cost of reading a page.
        """
        return cls(selector=Selector(root=root, type="html"), stats=stats)

    def apply(
        self, rules: Iterable[Rule], data: Mapping[str, Any] | None = None
    ) -> dict[str, Rule]:
        """Fill each field by its first rule that yields a value; return the rules that did."""
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
        """Add what a rule yielded, count the rule, and return whether it yielded anything."""
        got = self._collect(field, value)
        has_value = got.count("") + got.count(None) < len(got)
        if self.stats is not None:
            self.stats.inc_value(f"parser/{field}/{kind}/{rule}", int(has_value))
        return has_value


@lru_cache(maxsize=256)
def _compiled(path: str) -> Callable[[etree._Element], Any]:
    compiled: Callable[[etree._Element], Any] = etree.XPath(path)
    return compiled


def xpath_values(root: etree._Element, path: str) -> list[str]:
    """Return the strings that an XPath finds; for an element, all of its text."""
    found = _compiled(path)(root)
    if not isinstance(found, list):
        return [str(found)]
    return [text_of(each) if hasattr(each, "tag") else str(each) for each in found]


def text_of(element: etree._Element) -> str:
    """Return all text in an element, without comments, and without separators.

    Without separators because links often cover only a part of a word.
    """
    # A fifth of the time of string() in XPath.
    return etree.tostring(element, encoding="unicode", method="text", with_tail=False)


def key_values(data: Mapping[str, Any], key: str) -> list[str]:
    """Return the text under a key; an empty list if it is missing, null or not a string."""
    value = data.get(key)
    return [strip_controls(value)] if isinstance(value, str) else []
