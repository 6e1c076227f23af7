"""``scrapy check``: Scrapy's own, which writes no archive."""

from __future__ import annotations

from scrapy.commands import check

from newscrawl.cli.scrapy_commands.without_archive import WithoutArchive


class Command(WithoutArchive, check.Command):
    """Scrapy's ``check``, without the archive of NEWSCRAWL_DB."""
