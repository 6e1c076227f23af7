"""The Scrapy add-on that sets up newscrawl: ``ADDONS = {"newscrawl.addon.Addon": 500}``."""

from __future__ import annotations

from scrapy.exceptions import UsageError
from scrapy.settings import BaseSettings

from newscrawl import settings as own_settings
from newscrawl.items import FIELDS
from newscrawl.runs.logs import quieten
from newscrawl.store.errors import UnusableFeed
from newscrawl.store.uris import FORMATS, archive_feeds, is_archive, the_archive, uri_of


class Addon:
    """Sets up the feed storage, the pipelines, the run and its channel."""

    def update_settings(self, settings: BaseSettings) -> None:
        """Complete *settings* at the add-on's priority: the project's own ones win."""
        quieten()
        for scheme in ("", "file"):
            # Scrapy's own file storage would keep the database open beside SQLite: closing that
            # descriptor drops SQLite's locks, and -O would cut the file under its readers.
            settings["FEED_STORAGES"][scheme] = "newscrawl.exporters.PathStorage"
        feeds = {
            uri: {**_OF_ARCHIVES, **options} if is_archive(uri, options) else options
            for uri, options in settings.getdict("FEEDS").items()
        }
        for name in FORMATS:
            settings["FEED_EXPORTERS"].setdefault(name, "newscrawl.exporters.ArchiveExporter")
        _set_defaults(settings)
        if settings["COMMANDS_MODULE"] == own_settings.COMMANDS_MODULE:
            # What -o articles.jsonl gets of an article: all but the raw page.
            settings.set("FEED_EXPORT_FIELDS", ["id", *FIELDS], priority="addon")
        if not archive_feeds(feeds):
            # Whatever other feeds there are (Scrapyd's items_dir, a project's own FEEDS): the
            # archive is what the add-on is for. Commands that keep none name one in memory.
            feeds[uri_of(str(settings["NEWSCRAWL_DB"]))] = {"format": "db", **_OF_ARCHIVES}
        try:
            the_archive(feeds)  # report what is wrong before Scrapy reads the feeds
        except UnusableFeed as error:
            raise UsageError(str(error)) from None
        settings.set("FEEDS", feeds, priority="cmdline")
        add_contact(settings)
        for name, order in _PIPELINES.items():
            settings["ITEM_PIPELINES"].setdefault(name, order)
        settings["EXTENSIONS"].setdefault("newscrawl.runs.run.Run", 0)
        if not settings.getbool("COOKIES_ENABLED"):
            # Scrapy would load it, which takes 50 ms, to be told that it is off.
            settings["DOWNLOADER_MIDDLEWARES_BASE"].pop(_COOKIES, None)
        # Nearest the engine: what other middlewares say is heard, too.
        settings["SPIDER_MIDDLEWARES"].setdefault(
            "newscrawl.middlewares.channel.ChannelMiddleware", 10
        )
        settings["SPIDER_MIDDLEWARES"].setdefault("newscrawl.middlewares.pages.PagesMiddleware", 20)


def _set_defaults(settings: BaseSettings) -> None:
    """Set newscrawl's own settings in a project that has not."""
    for name in dir(own_settings):
        if name.startswith("NEWSCRAWL_") and name not in settings:
            settings.set(name, getattr(own_settings, name), priority="addon")


_COOKIES = "scrapy.downloadermiddlewares.cookies.CookiesMiddleware"
_PIPELINES = {
    "newscrawl.pipelines.Validate": 200,
    "newscrawl.pipelines.Normalise": 300,
    "newscrawl.pipelines.Dedupe": 500,
}


# FEED_EXPORT_BATCH_ITEM_COUNT applies to other feeds: an archive is one file.
_OF_ARCHIVES = {"batch_item_count": 0}


def takes_batches(settings: BaseSettings) -> bool:
    """Whether items may go together, as a :class:`~newscrawl.items.Batch`.

    Only newscrawl's own components understand batches: False if there is a feed of another format
    or a pipeline of the user's.
    """
    only_archives = len(archive_feeds(settings.getdict("FEEDS"))) == len(settings["FEEDS"])
    return only_archives and settings.getdict("ITEM_PIPELINES").keys() <= _PIPELINES.keys()


def add_contact(settings: BaseSettings) -> None:
    """Append the contact, where the user has set one, to the User-Agent header."""
    contact = " ".join(str(settings.get("NEWSCRAWL_CONTACT") or "").split())
    agent = str(settings["USER_AGENT"])
    if contact and contact not in agent:
        settings.set(
            "USER_AGENT", f"{agent} (+{contact})", priority=settings.getpriority("USER_AGENT") or 0
        )
