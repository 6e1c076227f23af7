"""``scrapy shell``: Scrapy's own, which writes no archive."""

from __future__ import annotations

from scrapy.commands import shell

from newscrawl.cli.scrapy_commands.without_archive import WithoutArchive


class Command(WithoutArchive, shell.Command):
    """Scrapy's ``shell``, without the archive of NEWSCRAWL_DB."""
