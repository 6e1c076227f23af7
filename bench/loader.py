"""What each override of ArticleLoader buys: posts read with it, and with ItemLoader's own.

    python -m bench loader    # prints; there is no result to keep

Each round reads the same synthetic posts in all variants; the best round of each counts.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from samplesite.site import Site

from newscrawl import sites
from newscrawl.items import Page, PageKind
from newscrawl.loaders import ArticleLoader

Override = Callable[..., Any] | None
"""What stands in an override's place; None for ItemLoader's own."""


VARIANTS: dict[str, dict[str, Override]] = {
    "as it is": {},
    "processors looked up": {"get_input_processor": None, "get_output_processor": None},
}


class _Stats(Counter[str]):
    def inc_value(self, key: str, count: int = 1) -> None:
        self[key] += count


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what may be chosen."""
    parser.add_argument("--posts", type=int, default=100)
    parser.add_argument("--runs", type=int, default=9)


def run(options: argparse.Namespace) -> None:
    """Measure and print."""
    site = Site(articles=2 * options.posts)
    pages = [
        (path, body) for truth in site.truths() for path, body in site.pages(truth)
        if path.endswith(".html")
    ][: options.posts]  # fmt: skip
    own = {name: ArticleLoader.__dict__[name] for each in VARIANTS.values() for name in each}
    best = dict.fromkeys(VARIANTS, float("inf"))
    for _ in range(options.runs):
        for variant, overrides in VARIANTS.items():
            _apply({**own, **overrides})
            best[variant] = min(best[variant], _read(pages))
    _apply(own)
    for variant, seconds in best.items():
        more = seconds / best["as it is"] - 1
        print(f"{variant:22} {seconds / len(pages) * 1e6:6.0f} µs a post  {more:+.1%}")


def _apply(overrides: dict[str, Override]) -> None:
    for name, override in overrides.items():
        if override is not None:
            setattr(ArticleLoader, name, override)
        elif name in ArticleLoader.__dict__:
            delattr(ArticleLoader, name)


def _read(pages: list[tuple[str, bytes]]) -> float:
    began, stats = time.perf_counter(), _Stats()
    for path, body in pages:
        page = Page(
            PageKind.POST_PAGE, path.lstrip("/"), f"http://mirror.test{path}", body,
            "2026-01-01T00:00:00+00:00",
        )  # fmt: skip
        sites.read_page(page, stats)
    return time.perf_counter() - began
