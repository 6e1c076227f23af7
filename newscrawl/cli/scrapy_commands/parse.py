"""``scrapy parse``: Scrapy's own, which writes no archive."""

from __future__ import annotations

from scrapy.commands import parse

from newscrawl.cli.scrapy_commands.without_archive import WithoutArchive


class Command(WithoutArchive, parse.Command):
    """Scrapy's ``parse``, without the archive of NEWSCRAWL_DB."""
