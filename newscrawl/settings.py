"""Scrapy settings of newscrawl. Beside each: the reason, and Scrapy's own default.

Override any on the command line: ``newscrawl crawl category -s DOWNLOAD_DELAY=0.2``.
"""

from newscrawl import __version__

BOT_NAME = "newscrawl"
SPIDER_MODULES = ["newscrawl.spiders"]
NEWSPIDER_MODULE = "newscrawl.spiders"
# `scrapy crawl` with an archive by default, and an exit code that tells the truth.
COMMANDS_MODULE = "newscrawl.cli.scrapy_commands"

# -- Being a good citizen -----------------------------------------------------------------

# Says who asks; NEWSCRAWL_CONTACT below says whom to tell. Default: Scrapy's own name.
USER_AGENT = f"newscrawl/{__version__} (news archive)"
ROBOTSTXT_OBEY = True  # default False
# The product token of RFC 9309. Default: all of USER_AGENT, with whatever a contact holds.
ROBOTSTXT_USER_AGENT = "newscrawl"
# The mirror is one person's static site: two connections, half a second between requests,
# slower when it answers slowly. Defaults: 8, 0, off.
CONCURRENT_REQUESTS_PER_DOMAIN = 2
# All hosts together. What waits here for its delay is still sent after a Ctrl-C. Default 16.
CONCURRENT_REQUESTS = 4
DOWNLOAD_DELAY = 0.5
AUTOTHROTTLE_ENABLED = True
# Begins at the floor, which is the delay above: at Scrapy's 5 s the first minute of a run that is
# started every five would go by on a dozen requests.
AUTOTHROTTLE_START_DELAY = 0.5
# A site that takes half a minute for an answer is in trouble, and gets two requests a minute; at
# Scrapy's 60 s a run would meet the next.
AUTOTHROTTLE_MAX_DELAY = 30.0
AUTOTHROTTLE_TARGET_CONCURRENCY = 1.0  # the default, said aloud
# Pages are HTML and answers JSON, in Chinese. Default: HTML and XML, in English, and a server may
# choose by that.
DEFAULT_REQUEST_HEADERS = {
    "Accept": "text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8",
    "Accept-Language": "zh-CN,zh;q=0.9",
}

# -- What cannot be trusted ---------------------------------------------------------------

# Scrapy 2.19 opens a local HTTP server that runs Python inside the crawl. Default True.
REMOTE_CONTROL_ENABLED = False
TELNETCONSOLE_ENABLED = False  # default True
# The posts seen have 30 KB at most; a list takes some 130 bytes a post, 1.3 MB for 10,000.
# No page of more is read (pages/bounds.py), so what comes beyond would only fill the disk.
DOWNLOAD_MAXSIZE = 5_000_000  # default 1 GiB
DOWNLOAD_WARNSIZE = 2_000_000  # default 32 MiB; a list of 10,000 posts stays below
DOWNLOAD_VERIFY_CERTIFICATES = True  # default False
# A whole answer, from the name's look-up to the last byte: a byte every few seconds does not keep
# it open. Default 180: a scheduler starts the next run in five minutes.
DOWNLOAD_TIMEOUT = 60
REDIRECT_MAX_TIMES = 5  # default 20; RFC 9309 wants five followed
URLLENGTH_LIMIT = 2083  # the default, said aloud; Bounds (below) says what it leaves out
# A run of a day hangs, or walks in circles; and a robots.txt is good for a day (RFC 9309, 2.4).
CLOSESPIDER_TIMEOUT = 24 * 3600  # default 0: never
# http and https, and only to addresses that newscrawl.middlewares.guard lets through.
DOWNLOAD_HANDLERS = {
    "http": "newscrawl.middlewares.handler.GuardedHandler",
    "https": "newscrawl.middlewares.handler.GuardedHandler",
    "data": None,
    "file": None,
    "ftp": None,
    "s3": None,
}
DOWNLOADER_MIDDLEWARES = {
    # Scrapy's own let pass what ours does not, or do it in silence: each says of what it replaces.
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
    "newscrawl.middlewares.stock.OnlyAllowed": 50,
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "newscrawl.middlewares.robotstxt.Robots": 100,
    "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
    "newscrawl.middlewares.stock.RetryWhenAsked": 550,
    "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None,
    "newscrawl.middlewares.httpcompression.Decompression": 590,
    "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,
    "newscrawl.middlewares.stock.StayOnHosts": 600,
}
SPIDER_MIDDLEWARES = {
    # Drops a page without a word to the ledger; Bounds does it aloud.
    "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware": None,
    "newscrawl.middlewares.stock.BoundsMiddleware": 600,
}
RETRY_TIMES = 2  # the default, said aloud: three requests in all
RETRY_GIVE_UP_LOG_LEVEL = "INFO"  # default ERROR with a traceback; the run says it in a sentence
COOKIES_ENABLED = False  # default True; nothing here needs a session
METAREFRESH_ENABLED = False  # default True; the mirror's 404 page sends everybody home
HTTPERROR_ALLOW_ALL = False  # the default: a status of 400 or more is a failure with a reason

# -- Speed --------------------------------------------------------------------------------
# Measured on loopback on one core; politeness hides it on a real site.

# No Twisted reactor: with the aiohttp handler, and unused middlewares off, downloading alone goes
# from 512 to 1,144 pages/s (both are sides of `python -m bench crawl`).
TWISTED_REACTOR_ENABLED = False  # default True
# One page gives one item: the default of 100 makes 101 tasks a response (512 → 786 pages/s).
CONCURRENT_ITEMS = 1
# Scrapy reads a callback's source at each answer, to warn of a mistake that only writing one makes:
# 4 % of a crawl (py-spy, 1,200 posts). Default True.
WARN_ON_GENERATOR_RETURN_VALUE = False
# A walk of the listings, then their posts, oldest request first: memory stays with the
# frontier, and the first articles are stored at once. Default: last in, first out.
DEPTH_PRIORITY = 1
SCHEDULER_MEMORY_QUEUE = "scrapy.squeues.FifoMemoryQueue"

# -- Logging ------------------------------------------------------------------------------

LOG_LEVEL = "INFO"  # default DEBUG, which prints every item with its body
LOGSTATS_INTERVAL = 0  # default 60; newscrawl.runs.progress says more
MEMUSAGE_LIMIT_MB = 1024  # default 0: a leak must end a run, not the machine

# -- newscrawl ----------------------------------------------------------------------------

ADDONS = {"newscrawl.addon.Addon": 500}
# These two cannot be set by the add-on: the command line reads them before.
FEED_EXPORTERS = {
    "db": "newscrawl.exporters.ArchiveExporter",
    "sqlite": "newscrawl.exporters.ArchiveExporter",
    "sqlite3": "newscrawl.exporters.ArchiveExporter",
}
# What other feeds (-o articles.jsonl) get of an article: everything but the raw page.
FEED_EXPORT_FIELDS = [
    "info_code", "title", "published_at", "published_raw", "published_precision",
    "published_from", "source", "summary", "body_text", "body_html", "categories", "tags",
    "mentions", "images", "share_url", "original_url",
]  # fmt: skip

FEED_EXPORT_ENCODING = "utf-8"  # default None, which escapes every Chinese character in JSON

EXTENSIONS = {
    # It measures the peak of whoever started the crawl, too.
    "scrapy.extensions.memusage.MemoryUsage": None,
    "newscrawl.runs.memory.OwnMemory": 0,
    "newscrawl.runs.progress.Progress": 10,
}

NEWSCRAWL_CONTACT = ""
"""An address of yours, added to USER_AGENT as `(+address)`: whom the site's owner can tell."""
NEWSCRAWL_DB = "data/news.db"
"""Where `scrapy crawl` writes when no -o says otherwise."""
NEWSCRAWL_BASE_URL = "https://finews.withounder.com/"
"""The mirror that is crawled when no base_url says otherwise."""
NEWSCRAWL_MIRROR_HOSTS = ["finews.withounder.com", "finews.zning.me", "finnews.zning.me"]
"""The names the mirror has had: links to them are links to the host that is being crawled."""
NEWSCRAWL_RESOLVERS = [
    ("api_answer", "{base}/NewsData/GetNewsText.do?id={info_code}"),
    ("api_answer", "http://finews.zning.xyz/NewsData/GetNewsText.do?id={info_code}"),
    ("api_answer", "http://choicewzp1.eastmoney.com/NewsData/GetNewsText.do?id={info_code}"),
    ("api_answer", "http://app.jg.eastmoney.com/NewsData/GetNewsText.do?id={info_code}"),
    ("article_page", "https://finance.eastmoney.com/a/{digits}.html"),
]
"""Where the article of a share link is asked for, in this order; {base} is the link's own host.
With a base_url of the user's, only addresses on that host and on -a hosts= are asked.
On a command line it is JSON: NEWSCRAWL_RESOLVERS=[["api_answer","http://…?id={info_code}"]]"""
NEWSCRAWL_NETWORKS: list[str] = []
"""Networks and addresses that may be connected to although they are special (private, loopback …):
a mirror on an intranet that is named by its name. An address given as base_url needs no entry."""
NEWSCRAWL_MAX_LINKS = 20_000
"""Pages that one page may lead to: a home page with 2,000 categories has 10,000 links to posts."""
NEWSCRAWL_MAX_PAGES = 100_000
"""Pages that a run may ask for: 14 hours at half a second each, thirty times three days of news."""
NEWSCRAWL_MAX_DEPTH = 50
"""Links from the start to a page. A walk takes three (home, listing, post) and two more for each
listing that only a new post names; 25 such in a row are a trap, and no mirror. Scrapy's own limit
is none."""
NEWSCRAWL_ROBOTS_MAXSIZE = 512 * 1024
"""Bytes of a robots.txt that are read: RFC 9309 wants 500 KiB; each rule costs every request."""
NEWSCRAWL_CRAWL_DELAY_MAX = 60.0
"""The longest Crawl-delay that is kept, seconds: the news of a day still come in a day."""
NEWSCRAWL_WAIT_SECONDS = 120.0
"""Seconds that all Retry-Afters of a host may have a run wait, so that it ends before the next is
due. A host that asks for more is asked nothing more in this run."""
NEWSCRAWL_REJECTED_MB = 500
"""Megabytes of rejected pages that a run keeps; of more it keeps where they were and why. A host
that sends nothing but rubbish must not fill the disk."""
NEWSCRAWL_FAST_HOSTS: list[str] = []
"""Hosts that `--fast` may ask without a delay, though they are not this machine: those whose owner
has agreed. robots.txt is obeyed there as well, its Crawl-delay too."""
NEWSCRAWL_BATCH_PAGES = 200
"""Pages in one transaction: the more, the less the search index writes for each of them. Loading
3,500 posts takes 4.9 s with 50, 4.7 with 200 and 4.6 with 1,000, which is what `posts` takes."""
NEWSCRAWL_BATCH_SECONDS = 2.0
"""Age at which a smaller batch is committed: what a kill may cost."""
NEWSCRAWL_REVISIT_HOURS = [0.5, 1.5, 4.5, 13.5, 40.5]
"""Hours after a page first said what it says, at which it is looked at again: posts are edited in
place, soon or never. The mirror drops them after three days."""
NEWSCRAWL_POLL_SECONDS = [300, 43200]
"""The shortest and the longest time between two looks at one listing (`--due`). The mirror is
rebuilt every five minutes; half a day leaves five looks before it drops a post."""
NEWSCRAWL_RETENTION_DAYS = 3
"""How many days of posts the mirror shows: what was not looked at for longer has a gap."""
NEWSCRAWL_LOST_SHARE = 0.1
"""The part of a run's pages that may fail or be rejected before it is called degraded."""
NEWSCRAWL_QUIET_SHARE = 0.1
"""A whole walk is degraded where less than this part of the articles came that the same hours of
the weeks before had: a source that is broken looks like one that is quiet."""
NEWSCRAWL_NOTIFY = ""
"""A command that is run for each failed run, with the run as JSON on its standard input."""
NEWSCRAWL_PROGRESS_SECONDS = 10.0
"""How often the log says how far the run is."""
