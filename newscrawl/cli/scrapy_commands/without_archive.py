"""What the commands share that keep no archive unless one is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newscrawl.store.connections import MEMORY
from newscrawl.store.uris import archive_feeds

if TYPE_CHECKING:
    import argparse

    from scrapy.settings import BaseSettings, Settings


def keep_in_memory(settings: BaseSettings) -> bool:
    """Keep the run's archive in memory where FEEDS names none; return whether it names none."""
    feeds = settings.getdict("FEEDS")
    if archive_feeds(feeds):
        return False
    settings.set("FEEDS", {**feeds, MEMORY: {"format": "db"}}, priority="cmdline")
    return True


class WithoutArchive:
    """For commands that look at pages, and must not write NEWSCRAWL_DB."""

    settings: Settings | None

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Read the options, and keep what the command stores in memory."""
        super().process_options(args, opts)  # type: ignore[misc]
        assert self.settings is not None  # noqa: S101  set by scrapy.cmdline
        keep_in_memory(self.settings)
