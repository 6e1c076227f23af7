"""``scrapy fetch``: Scrapy's own, which writes no archive."""

from __future__ import annotations

from scrapy.commands import fetch

from newscrawl.cli.scrapy_commands.without_archive import WithoutArchive


class Command(WithoutArchive, fetch.Command):
    """Scrapy's ``fetch``, without the archive of NEWSCRAWL_DB."""
