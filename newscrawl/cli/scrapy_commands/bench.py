"""``scrapy bench``: Scrapy's own, which writes no archive."""

from __future__ import annotations

from scrapy.commands import bench

from newscrawl.cli.scrapy_commands.without_archive import WithoutArchive


class Command(WithoutArchive, bench.Command):
    """Scrapy's ``bench``, without the archive of NEWSCRAWL_DB."""
