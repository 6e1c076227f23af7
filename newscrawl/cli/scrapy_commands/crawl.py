"""``scrapy crawl``: as Scrapy's own, but it writes an archive and exits with the run's code."""

from __future__ import annotations

import argparse

from scrapy.commands.crawl import Command as CrawlCommand
from scrapy.exceptions import UsageError

from newscrawl.cli.configured import run_settings
from newscrawl.cli.settings_file import BadSettings, read_settings
from newscrawl.runs.process import crawl_in
from newscrawl.store.uris import uri_of

CONFIGURED = 25
"""The priority of the settings file and the environment: above a project's settings (20), below a
spider's (30) and the command line's (40)."""


class Command(CrawlCommand):
    """Scrapy's ``crawl``, with a default archive and the exit code of the run."""

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Write to NEWSCRAWL_DB unless -o, -O or FEEDS say otherwise."""
        super().process_options(args, opts)
        assert self.settings is not None  # noqa: S101  set by scrapy.cmdline
        try:
            self.settings.setdict(run_settings(read_settings()), priority=CONFIGURED)
        except BadSettings as error:
            raise UsageError(f"{error}.", print_help=False) from None
        if not self.settings.getdict("FEEDS"):
            feed = {uri_of(self.settings["NEWSCRAWL_DB"]): {"format": "db"}}
            self.settings.set("FEEDS", feed, priority="command")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Run the spider."""
        if len(args) != 1:
            raise UsageError("give the name of one spider; `scrapy list` shows them")
        assert self.crawler_process is not None  # noqa: S101  set by scrapy.cmdline
        try:
            crawler = self._create_crawler(args[0])
        except KeyError:
            raise UsageError(
                f"unknown spider {args[0]}; `scrapy list` shows them", print_help=False
            ) from None
        self.exitcode = int(crawl_in(self.crawler_process, crawler, opts.spargs).exit)
