"""``scrapy crawl``: as Scrapy's own, but it exits with the run's code."""

from __future__ import annotations

import argparse
import logging

from scrapy.commands.crawl import Command as CrawlCommand
from scrapy.exceptions import UsageError

from newscrawl.cli.scrapy_commands.without_archive import keep_in_memory
from newscrawl.runs.process import crawl_in

logger = logging.getLogger(__name__)


class Command(CrawlCommand):
    """Scrapy's ``crawl``, with the exit code of the run.

    The add-on writes NEWSCRAWL_DB, unless -o, -O or FEEDS name another archive, or -o and -O name
    only files of other formats.
    """

    _keeps_none = False

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Keep no archive where -o and -O name other files only."""
        super().process_options(args, opts)
        assert self.settings is not None  # noqa: S101  set by scrapy.cmdline
        if opts.output or opts.overwrite_output:
            self._keeps_none = keep_in_memory(self.settings)

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Run the spider."""
        if len(args) != 1:
            raise UsageError("give the name of one spider; `scrapy list` shows them")
        assert self.crawler_process is not None  # noqa: S101  set by scrapy.cmdline
        assert self.settings is not None  # noqa: S101
        try:
            crawler = self._create_crawler(args[0])
        except KeyError:
            raise UsageError(
                f"unknown spider {args[0]}; `scrapy list` shows them", print_help=False
            ) from None
        if self._keeps_none:
            db = self.settings["NEWSCRAWL_DB"]
            logger.info("Keeping no archive: -o names none; add -o %s to write one, too", db)
        self.exitcode = int(crawl_in(self.crawler_process, crawler, opts.spargs).exit)
