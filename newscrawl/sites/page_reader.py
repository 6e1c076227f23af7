"""What a site declares for each kind of its pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from newscrawl.items import Article, Page
    from newscrawl.loaders import Rule, Stats


class PageReader(NamedTuple):
    """How one kind of page is read."""

    read: Callable[[Page, Stats | None], Article]
    """Returns the article of a page, or raises Unreadable."""
    rules: tuple[Rule, ...]
    """Every rule that it may use; a run counts the use of each."""
