"""``scrapy view``: Scrapy's own, which writes no archive."""

from __future__ import annotations

from scrapy.commands import view

from newscrawl.cli.scrapy_commands.without_archive import WithoutArchive


class Command(WithoutArchive, view.Command):
    """Scrapy's ``view``, without the archive of NEWSCRAWL_DB."""
