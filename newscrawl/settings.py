"""Scrapy settings of newscrawl. Beside each: the reason, and Scrapy's own default.

Override any on the command line: ``newscrawl crawl category -s DOWNLOAD_DELAY=0.2``.
"""

import os

from newscrawl._version import __version__

BOT_NAME = "newscrawl"
SPIDER_MODULES = ["newscrawl.spiders"]
NEWSPIDER_MODULE = "newscrawl.spiders"
# `scrapy crawl` with an archive by default, and an exit code that says how the run ended.
COMMANDS_MODULE = "newscrawl.cli.scrapy_commands"

# -- Being a good citizen -----------------------------------------------------------------

# Who crawls; NEWSCRAWL_CONTACT below adds whom to contact. Default: Scrapy's own name.
USER_AGENT = f"newscrawl/{__version__} (news archive)"
ROBOTSTXT_OBEY = True  # default False
# The product token of RFC 9309. Default: all of USER_AGENT, with whatever a contact holds.
ROBOTSTXT_USER_AGENT = "newscrawl"
# The mirror is one person's static site: two connections, half a second between requests,
# slower if it responds slowly. Defaults: 8, 0, off.
CONCURRENT_REQUESTS_PER_DOMAIN = 2
# Of all hosts together. Requests that wait here are still sent after a Ctrl-C. Default 16.
CONCURRENT_REQUESTS = 4
DOWNLOAD_DELAY = 0.5
AUTOTHROTTLE_ENABLED = True
# Begins at the floor, which is the delay above: at Scrapy's 5 s the first minute of a run that is
# started every five would go by on a dozen requests.
AUTOTHROTTLE_START_DELAY = 0.5
# A site that takes half a minute for a response is overloaded, and gets two requests a minute; at
# Scrapy's 60 s a run would overlap with the next.
AUTOTHROTTLE_MAX_DELAY = 30.0
AUTOTHROTTLE_TARGET_CONCURRENCY = 1.0  # the default, explicitly
# Pages are HTML and API answers JSON, in Chinese. Default: HTML and XML, in English; a server may
# choose by these headers.
DEFAULT_REQUEST_HEADERS = {
    "Accept": "text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8",
    "Accept-Language": "zh-CN,zh;q=0.9",
}

# -- What cannot be trusted ---------------------------------------------------------------

# Scrapy 2.19 opens a local HTTP server that runs Python inside the crawl. Default True.
REMOTE_CONTROL_ENABLED = False
TELNETCONSOLE_ENABLED = False  # default True
# The posts seen have 30 KB at most; a list takes some 130 bytes a post, 1.3 MB for 10,000.
# Larger pages are not read (sites/limits.py), so they would only fill the disk.
DOWNLOAD_MAXSIZE = 5_000_000  # default 1 GiB
DOWNLOAD_WARNSIZE = 2_000_000  # default 32 MiB; a list of 10,000 posts stays below
DOWNLOAD_VERIFY_CERTIFICATES = True  # default False
# For a whole response, from the DNS query to the last byte: a byte every few seconds does not keep
# it open. Default 180: a scheduler starts the next run in five minutes.
DOWNLOAD_TIMEOUT = 60
REDIRECT_MAX_TIMES = 5  # default 20; RFC 9309 wants five followed
URLLENGTH_LIMIT = 2083  # the default, explicitly; BoundsMiddleware reports what it leaves out
# A run of a day hangs or loops; and a robots.txt is valid for a day (RFC 9309, 2.4).
CLOSESPIDER_TIMEOUT = 24 * 3600  # default 0: never
# http and https, and only to addresses that newscrawl.middlewares.addresses allows.
DOWNLOAD_HANDLERS = {
    "http": "newscrawl.middlewares.handler.AiohttpDownloadHandler",
    "https": "newscrawl.middlewares.handler.AiohttpDownloadHandler",
    "data": None,
    "file": None,
    "ftp": None,
    "s3": None,
}
DOWNLOADER_MIDDLEWARES = {
    # Scrapy's own let more pass, or drop requests silently: each docstring says what differs.
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
    "newscrawl.middlewares.offsite.OffsiteMiddleware": 50,
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "newscrawl.middlewares.robotstxt.RobotsTxtMiddleware": 100,
    "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
    "newscrawl.middlewares.retry.RetryMiddleware": 550,
    "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None,
    "newscrawl.middlewares.httpcompression.HttpCompressionMiddleware": 590,
    "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,
    "newscrawl.middlewares.redirect.RedirectMiddleware": 600,
    "scrapy.downloadermiddlewares.httpproxy.HttpProxyMiddleware": None,
    "newscrawl.middlewares.httpproxy.HttpProxyMiddleware": 750,
}
SPIDER_MIDDLEWARES = {
    # Drops a page without counting it; BoundsMiddleware counts it.
    "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware": None,
    "newscrawl.middlewares.bounds.BoundsMiddleware": 600,
    # Looks at each request for a mistake made in writing spiders.
    "scrapy.spidermiddlewares.metacopy.MetaCopyDetectionMiddleware": None,
}
RETRY_TIMES = 2  # the default, explicitly: three requests in all
# Those of the aiohttp handler. The default has the reactor's as well, whose import takes 95 ms.
RETRY_EXCEPTIONS = [
    "scrapy.exceptions.CannotResolveHostError",
    "scrapy.exceptions.DownloadConnectionRefusedError",
    "scrapy.exceptions.DownloadFailedError",
    "scrapy.exceptions.DownloadTimeoutError",
    "scrapy.exceptions.ResponseDataLossError",
    OSError,
]
RETRY_GIVE_UP_LOG_LEVEL = "INFO"  # default ERROR with a traceback; the run logs a sentence
COOKIES_ENABLED = False  # default True; nothing here needs a session
METAREFRESH_ENABLED = False  # default True; the mirror's 404 page redirects to the home page
HTTPERROR_ALLOW_ALL = False  # the default: a status of 400 or more is a failure with a reason

# -- Speed --------------------------------------------------------------------------------
# Measured on loopback on one core; on a real site the delay hides it.

# No Twisted reactor: with the aiohttp handler, and unused middlewares off, downloading alone goes
# from 512 to 1,144 pages/s (both are sides of `python -m bench crawl`).
TWISTED_REACTOR_ENABLED = False  # default True
# One page gives one item: the default of 100 makes 101 tasks per response (512 → 786 pages/s).
CONCURRENT_ITEMS = 1
# Scrapy reads a callback's source for each response, to warn of a mistake made in writing spiders:
# 4 % of a crawl (py-spy, 1,200 posts). Default True.
WARN_ON_GENERATOR_RETURN_VALUE = False
# A walk of the listings, then their posts, oldest request first: memory stays with the
# frontier, and the first articles are stored at once. Default: last in, first out.
DEPTH_PRIORITY = 1
SCHEDULER_MEMORY_QUEUE = "scrapy.squeues.FifoMemoryQueue"

# -- Logging ------------------------------------------------------------------------------

LOG_LEVEL = "INFO"  # default DEBUG, which prints every item with its body
LOGSTATS_INTERVAL = 0  # default 60; newscrawl.runs.progress logs more
MEMUSAGE_LIMIT_MB = 1024  # default 0: a leak must not take down the machine

# -- newscrawl ----------------------------------------------------------------------------

ADDONS = {"newscrawl.addon.Addon": 500}
# These two cannot be set by the add-on: the command line reads them before.
FEED_EXPORTERS = {
    "db": "newscrawl.exporters.ArchiveExporter",
    "sqlite": "newscrawl.exporters.ArchiveExporter",
    "sqlite3": "newscrawl.exporters.ArchiveExporter",
}
FEED_EXPORT_ENCODING = "utf-8"  # default None, which escapes every Chinese character in JSON

EXTENSIONS = {
    # It also measures the peak of the parent process.
    "scrapy.extensions.memusage.MemoryUsage": None,
    "newscrawl.runs.memory.MemoryUsage": 0,
    "newscrawl.runs.progress.Progress": 10,
}

NEWSCRAWL_CONTACT = ""
"""Your e-mail address or URL, added to USER_AGENT as `(+…)`: whom the site's owner can contact."""
NEWSCRAWL_DB = os.environ.get("NEWSCRAWL_DB") or "data/news.db"
"""Where `scrapy crawl` writes unless -o or FEEDS name another archive; `-o articles.jsonl` alone
keeps none."""
NEWSCRAWL_BASE_URL = "https://finews.withounder.com/"
"""The mirror that is crawled if no base_url is given."""
NEWSCRAWL_MIRROR_HOSTS = ["finews.withounder.com", "finews.zning.me", "finnews.zning.me"]
"""The names the mirror has had: links to them are links to the host that is being crawled."""
NEWSCRAWL_RESOLVERS = [
    ("api_answer", "{base}/NewsData/GetNewsText.do?id={info_code}"),
    ("api_answer", "http://finews.zning.xyz/NewsData/GetNewsText.do?id={info_code}"),
    ("api_answer", "http://choicewzp1.eastmoney.com/NewsData/GetNewsText.do?id={info_code}"),
    ("api_answer", "http://app.jg.eastmoney.com/NewsData/GetNewsText.do?id={info_code}"),
    ("article_page", "https://finance.eastmoney.com/a/{digits}.html"),
    (
        "newsinfo_answer",
        "https://newsinfo.eastmoney.com/kuaixun/v2/api/content/getnews"
        "?newsid={digits}&newstype=1&source=wap&version=1&guid=newscrawl",
    ),
]
"""Where the article of a share link is fetched, in this order; {base} is the link's own host.
With base_url, only URLs on that host and on -a hosts= are fetched.
On a command line it is JSON: NEWSCRAWL_RESOLVERS=[["api_answer","http://…?id={info_code}"]]"""
NEWSCRAWL_NETWORKS: list[str] = []
"""Networks and addresses that may be connected to although they are special (private, loopback …):
for a mirror on an intranet that has a host name. An address given as base_url needs no entry."""
NEWSCRAWL_MAX_LINKS = 20_000
"""Maximum number of pages that one page may lead to: a home page with 2,000 categories has 10,000
links to posts."""
NEWSCRAWL_MAX_PAGES = 100_000
"""Maximum number of pages of a run: 14 hours at half a second each, thirty times three days of
news."""
NEWSCRAWL_MAX_DEPTH = 50
"""Maximum number of links from the start to a page. A walk takes three (home, listing, post), and
two more for each listing that only a new post names; 25 such in a row are a trap, not a mirror.
Scrapy has no limit."""
NEWSCRAWL_ROBOTS_MAXSIZE = 512 * 1024
"""Bytes of a robots.txt that are read: RFC 9309 requires 500 KiB; each rule costs every request."""
NEWSCRAWL_CRAWL_DELAY_MAX = 60.0
"""The longest Crawl-delay that is obeyed, in seconds: the news of a day still take a day."""
NEWSCRAWL_WAIT_SECONDS = 120.0
"""Seconds that all Retry-After headers of a host may make a run wait, so that it ends before the
next is due. A host that asks for more gets no more requests in this run."""
NEWSCRAWL_REJECTED_MB = 500
"""Megabytes of rejected pages that a run keeps; of the rest it keeps URL and reason. A host that
sends only garbage must not fill the disk."""
NEWSCRAWL_FAST_HOSTS: list[str] = []
"""Hosts that `--fast` may crawl without a delay, although they are not this machine: those whose
owner has agreed. Their robots.txt is obeyed, including Crawl-delay."""
NEWSCRAWL_ITEM_TIMEZONE = "+08:00"
"""The time zone of times without an offset in items of other projects' spiders: an offset, or a
name such as Asia/Shanghai."""
NEWSCRAWL_BATCH_PAGES = 200
"""Pages in one transaction: the more, the less the search index writes for each page. Loading
3,500 posts takes 4.9 s with 50, 4.7 with 200 and 4.6 with 1,000, which is what `posts` takes."""
NEWSCRAWL_BATCH_SECONDS = 2.0
"""Age in seconds at which a smaller batch is committed: the work that a kill may lose."""
NEWSCRAWL_REVISIT_HOURS = [0.5, 1.5, 4.5, 13.5, 40.5]
"""Hours after a page first had its present content, at which it is revisited: posts are edited in
place, soon or never. The mirror drops them after three days."""
NEWSCRAWL_LISTING_INTERVALS = [300, 43200]
"""The shortest and the longest time between two checks of one listing (`--due`), in seconds. The
mirror is rebuilt every five minutes; half a day leaves five checks before it drops a post."""
NEWSCRAWL_LOST_SHARE = 0.1
"""The share of a run's pages that may fail or be rejected before the run is degraded."""
NEWSCRAWL_QUIET_SHARE = 0.1
"""A whole walk is degraded if it found less than this share of the articles that the same hours of
the weeks before had: a broken source looks like a quiet one."""
NEWSCRAWL_NOTIFY = ""
"""A command that is run for each failed run, with the run as JSON on its standard input."""
NEWSCRAWL_PROGRESS_SECONDS = 10.0
"""Seconds between two log lines about the progress of the run."""
