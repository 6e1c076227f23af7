"""What a run needs to know of its spider."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newscrawl.items import PageKind


@dataclass(frozen=True, slots=True)
class RunOptions:
    """A spider's ``run_options``; the defaults are those of a spider that has none."""

    site: str = ""
    """Name of the site under which observations are stored."""
    arguments: Mapping[str, str] = field(default_factory=dict)
    """Arguments of the spider, without passwords."""
    page_kinds: tuple[PageKind, ...] = ()
    """Kinds of the pages that it reads: the use of their rules is counted."""
    revisit: bool = False
    """Whether stored pages are revisited that are not due."""
    keeps_checks: bool = True
    """Whether the checks of listings are stored: not if a limit or a date leaves pages out."""
    needs_home: bool = False
    """Whether a run that never got the home page is unreachable."""
    crawls_all: bool = False
    """Whether all categories are crawled, from the home page."""
    is_whole: bool = False
    """Whether the run sees all that the site shows: then it can be told what is missing."""
    is_import: bool = False
    """Whether pages come from files, and not from a site."""
