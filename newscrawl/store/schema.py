"""The tables of an archive, in words: what :mod:`newscrawl.store.migrations` creates.

This is the present state, read by the documentation and by its test; what changes it is a
migration, never an edit of an old one.
"""

from __future__ import annotations

from dataclasses import dataclass

APPLICATION_ID = 0x6E657773  # "news": tells an archive from every other SQLite file
SCHEMA_VERSION = 1  # PRAGMA user_version of the newest migration


@dataclass(frozen=True)
class Column:
    """A column: its name, its SQL type as sqlite-utils takes it, and what it holds."""

    name: str
    type: type
    doc: str


@dataclass(frozen=True)
class Table:
    """A table: what one row is, and what each column holds."""

    name: str
    doc: str
    columns: tuple[Column, ...]


def _c(name: str, type_: type, doc: str) -> Column:
    return Column(name, type_, doc)


# The parts of the key that tells a page from every other.
_PAGE = (
    _c("site", str, "configured name of the site, for example `finews`"),
    _c(
        "page_kind",
        str,
        "`post_page` (page of the site), `post_file` (its source file), `list_entry`, `api_answer` "
        "(of GetNewsText), `article_page`; in `rejects` also `listing_page` and `list_answer`",
    ),
    _c(
        "page_id",
        str,
        "the id as printed in the page's URL; of a post the path of its URL, of a file its "
        "folder and name, of a list entry the list's format and the id",
    ),
)

# The parts of the key that tells a listing from every other.
_LISTING = (
    _c("site", str, "configured name of the site"),
    _c("listing_kind", str, "`home`, `category`, or `list` (a feed or a list of news)"),
    _c("name", str, "the category's slug, the list's name; of the home page empty"),
)

COUNTERS: tuple[tuple[str, str], ...] = (
    ("listed", "links to articles met in listings, and ids asked for"),
    ("repeated", "of these, met before in this run"),
    ("skipped", "of these, known and not due for another look"),
    ("filtered", "of these, outside `since`, `limit` or the hosts given"),
    ("scheduled", "of these, pages that the run set out to get"),
    ("failed", "of the scheduled, never had: refused, timed out, an error status"),
    ("rejected", "of these, had but no article; see `rejects`"),
    ("duplicate", "of these, the same page a second time in this run"),
    ("unchanged", "of these, nothing new"),
    ("new", "of these, the first page of an article"),
    ("extended", "of these, added to an article"),
    ("changed", "of these, replaced what the same page said before; see `revisions`"),
    (
        "requests",
        "HTTP requests sent, retries and redirects included (but not the second try that the HTTP "
        "client makes at once where a connection was reset)",
    ),
    ("responses", "HTTP responses had"),
    ("errors", "HTTP requests that ended without a response"),
)
"""The counters of a run. They balance:
listed = repeated + skipped + filtered + scheduled;
scheduled = failed + rejected + duplicate + unchanged + new + extended + changed + unfinished."""

TABLES: tuple[Table, ...] = (
    Table(
        "articles",
        "One row an article, folded from all pages that tell of it.",
        (
            _c(
                "info_code",
                str,
                "the article's id: `NW` (news; 17 or 18 digits), `CFH` (a user's column), `AN` "
                "(notice) or `AP` (report) and digits, or `<site>:<slug>`",
            ),
            _c(
                "seq",
                int,
                "grows with every insert and change, in commit order: read on from your last",
            ),
            _c("first_seq", int, "its `seq` when it was inserted; never changes"),
            _c("title", str, "title; NULL where no page has one"),
            _c(
                "published_at",
                str,
                "when it was published: ISO 8601, always `+08:00`, so text order is time order",
            ),
            _c("published_raw", str, "the time as the page prints it"),
            _c(
                "published_precision",
                str,
                "`second`, `minute` or `day` (then the time is 00:00:00)",
            ),
            _c("published_from", str, "which element said the time, or which inference was made"),
            _c("source", str, "the medium that wrote it, as named in the text (文章来源)"),
            _c("summary", str, "the summary, where a page gives one"),
            _c("body_html", str, "the article's own markup, cleaned, safe to show"),
            _c("body_text", str, "what a person reads: one line a block"),
            _c(
                "body_rank",
                int,
                "0 summary only, 1 whole text, 2 whole text with linked securities",
            ),
            _c("share_url", str, "the share link as a page prints it"),
            _c("original_url", str, "the publisher's page, made from the digits of the id"),
            _c("first_seen_at", str, "when the first page of it was had (UTC)"),
            _c("changed_at", str, "when this row last changed (UTC)"),
        ),
    ),
    Table(
        "article_categories",
        "The categories of an article, one row each.",
        (
            _c("info_code", str, "the article"),
            _c("category", str, "the slug, as the footer of the page spells it, else its path"),
            _c("origin", str, "`page` (a page of the article says so) or `listing`"),
        ),
    ),
    Table(
        "listed",
        "Articles that a listing shows and that are not stored yet: they failed, or were rejected.",
        (
            _c("info_code", str, "the article to come"),
            _c("category", str, "the listing's slug; the article gets it when it is stored"),
        ),
    ),
    Table(
        "article_tags",
        "The tags of an article, one row each, as printed.",
        (_c("info_code", str, "the article"), _c("tag", str, "the tag")),
    ),
    Table(
        "mentions",
        "Securities, boards and indices that the bodies of an article link to.",
        (
            _c("info_code", str, "the article"),
            _c(
                "market",
                str,
                "Eastmoney's market number: 1 Shanghai, 0 Shenzhen, 116 Hong Kong …; empty where "
                "the link names none",
            ),
            _c("code", str, "the code on that market"),
            _c("name", str, "the linked words, as printed"),
            _c("kind", str, "`stock`, `board`, `index`, `fund`, `future`, `forex` or `unknown`"),
            _c("times", int, "how often it is linked in the body that links it most"),
        ),
    ),
    Table(
        "images",
        "Images of an article, in order.",
        (
            _c("info_code", str, "the article"),
            _c("position", int, "place in the body, from 0"),
            _c("url", str, "address of the image"),
        ),
    ),
    Table(
        "categories",
        "Every category that was met.",
        (
            _c("category", str, "the slug"),
            _c("name", str, "the medium's name most often seen with it; NULL where never"),
            _c("first_seen_at", str, "when it was first met (UTC)"),
        ),
    ),
    Table(
        "category_names",
        "The names seen for a category: slugs are not names, and one may have several.",
        (
            _c("category", str, "the slug"),
            _c("name", str, "the page's tag without one 新闻 at its end"),
            _c("pages", int, "pages that gave this name"),
        ),
    ),
    Table(
        "observations",
        "One row a page: what it said last, and when.",
        (
            *_PAGE,
            _c("is_revisited", int, "1 for a kind of page that is fetched again while young"),
            _c("is_entry", int, "1 for an entry of a list, which is not a page of its own"),
            _c("is_resolved", int, "1 for a kind of page that a share link resolves to"),
            _c("info_code", str, "the article it tells of"),
            _c("url", str, "where it was"),
            _c("body_rank", int, "how full its body is; see `articles.body_rank`"),
            _c("observed_at", str, "when what it says now was first seen (UTC)"),
            _c("last_seen_at", str, "when it was last seen to say so (UTC)"),
            _c("content_hash", str, "hash of title, text, source and time, white space folded"),
            _c("page_hash", str, "the bytes, in `raw_pages`"),
            _c("content_type", str, "the Content-Type header: it may name the charset"),
            _c("etag", str, "validator of the last answer"),
            _c("last_modified", str, "validator of the last answer"),
            _c("loader_version", int, "version of the rules that read it"),
            _c(
                "differs",
                str,
                "JSON: where this page differs from its article's row; null where it lacks a field",
            ),
            _c(
                "unknown",
                str,
                "JSON: constructs of the body that no rule knows, with their number",
            ),
            _c(
                "gone_at",
                str,
                "when the site first said that it is no more (UTC); NULL: it did not",
            ),
            _c(
                "ordered_at",
                str,
                "start of the run that first saw it (UTC): of the pages of one run, the order in "
                "which they came means nothing; NULL: `observed_at`",
            ),
        ),
    ),
    Table(
        "revisions",
        "What an article said before it was changed.",
        (
            _c("id", int, "number of the revision"),
            _c("info_code", str, "the article"),
            *_PAGE,
            _c("title", str, "the earlier title"),
            _c("published_at", str, "the earlier time"),
            _c("source", str, "the earlier source"),
            _c("summary", str, "the earlier summary"),
            _c("body_html", str, "the earlier body"),
            _c("body_text", str, "the earlier text"),
            _c("page_hash", str, "the earlier bytes, in `raw_pages`"),
            _c("observed_at", str, "when the earlier version was first seen (UTC)"),
            _c("last_seen_at", str, "when the earlier version was last seen (UTC)"),
            _c("replaced_at", str, "when the page was first seen to say something else (UTC)"),
        ),
    ),
    Table(
        "raw_pages",
        "The raw bytes of pages, each stored once. Readers may leave this table out.",
        (
            _c("hash", str, "BLAKE2b of the bytes, 16 bytes in hex"),
            _c("page_kind", str, "as in `observations`"),
            _c("size", int, "bytes before compression"),
            _c("encoding", str, "`zstd`"),
            _c("bytes", bytes, "the compressed bytes"),
        ),
    ),
    Table(
        "rejects",
        "Pages that gave no article, one row for each page and reason.",
        (
            _c("id", int, "number of the reject"),
            _c("run_id", int, "the run that met it last"),
            _c("url", str, "where it was"),
            *_PAGE,
            _c("reason", str, "one word; `newscrawl.sites.REASONS` says what each means"),
            _c("detail", str, "what was found and what was expected"),
            _c("page_hash", str, "the bytes, in `raw_pages`; NULL where none were kept"),
            _c("content_type", str, "the Content-Type header of the answer"),
            _c("first_seen_at", str, "when it was first rejected (UTC)"),
            _c("last_seen_at", str, "when it was last rejected (UTC)"),
            _c("times", int, "how often it was rejected"),
            _c("loader_version", int, "version of the rules that rejected it"),
        ),
    ),
    Table(
        "suspicious_observations",
        "What pages show in the place of their articles, the last of each: the merge leaves it "
        "out. Where it is `pending`, `rejects` has a row of it, with the reason `suspicious`.",
        (
            *_PAGE,
            _c("info_code", str, "the article whose place it takes; it may not be stored"),
            _c(
                "reason",
                str,
                "`placeholder`, `lost_letters`, `shrunken` (much of the earlier text is gone) or "
                "`shared` (several articles say the same)",
            ),
            _c("excerpt", str, "how its text begins"),
            _c("text_hash", str, "hash of its text's letters"),
            _c("content_hash", str, "as in `observations`"),
            _c("page_hash", str, "the bytes, in `raw_pages`"),
            _c("first_seen_at", str, "when it was first seen (UTC)"),
            _c("last_seen_at", str, "when it was last seen (UTC)"),
            _c("counted_at", str, "the last visit that counts: hours after the one before (UTC)"),
            _c("visits", int, "visits that count; a `shrunken` text is believed after the third"),
            _c(
                "state",
                str,
                "`pending`, `withdrawn` (the page shows its article again, or is no more), "
                "`confirmed` (by further visits) or `accepted` (by the user)",
            ),
        ),
    ),
    Table(
        "runs",
        "One row a run. The counters are committed with what they count.",
        (
            _c("id", int, "number of the run"),
            _c("spider", str, "name of the spider"),
            _c("arguments", str, "JSON: what it was asked"),
            _c("versions", str, "JSON: newscrawl, scrapy, python and sqlite"),
            _c("pid", int, "process that ran it"),
            _c("started_at", str, "start (UTC)"),
            _c("ended_at", str, "end (UTC); NULL while it runs or when it was killed"),
            _c(
                "outcome",
                str,
                "`running`, `killed`, or the word of its exit code: `ok`, `degraded` …",
            ),
            _c("exit_code", int, "the command's exit code"),
            _c("reason", str, "why it ended so, in a sentence"),
            *(_c(name, int, doc) for name, doc in COUNTERS),
            _c(
                "clock_difference",
                int,
                "seconds by which the servers' clocks were ahead of this machine's; NULL where "
                "none told. Of a run with more than a day, all times are wrong by that",
            ),
        ),
    ),
    Table(
        "listings",
        "One row a listing: a page or answer that links to articles, and how often it is asked.",
        (
            *_LISTING,
            _c("url", str, "where it was asked last"),
            _c(
                "found_in",
                str,
                "how it was found: `home` or `name` (asked for), `footer` (a post spells it so), "
                "`path` (guessed from the path of a post)",
            ),
            _c(
                "etag",
                str,
                "validator of the last good answer; NULL unless all that it led to is stored",
            ),
            _c("last_modified", str, "the same"),
            _c("content_hash", str, "hash of its links; NULL unless all that it led to is stored"),
            _c("checked_at", str, "last good look (UTC); NULL where there was none"),
            _c("news_at", str, "last look that found an article nobody had (UTC)"),
            _c("interval", float, "seconds to the next look, as learnt from the looks so far"),
            _c("checks", int, "successful checks"),
            _c("missing_since", str, "since when it does not exist (UTC); NULL where it does"),
            _c("failed_at", str, "last look that failed (UTC); NULL after a good one"),
            _c("failure", str, "why, in a sentence"),
        ),
    ),
    Table(
        "unresolved",
        "Articles whose share link a run set out to resolve, until it is.",
        (
            _c("site", str, "configured name of the site"),
            _c("info_code", str, "the article"),
            _c("link", str, "its share link, as a page prints it; NULL where a list named it"),
            _c("first_tried_at", str, "when it was first to be had nowhere (UTC); NULL: never"),
            _c("due_at", str, "when it is asked for next (UTC); NULL: no more"),
        ),
    ),
    Table(
        "gaps",
        "Times of which a listing may have shown articles that nobody saw: it was not looked at "
        "before it dropped them.",
        (
            _c("id", int, "number of the gap"),
            *_LISTING,
            _c("from_at", str, "the last good look before (UTC)"),
            _c("until_at", str, "up to when the listing had dropped its articles by then (UTC)"),
            _c("noticed_at", str, "the next good look (UTC)"),
        ),
    ),
    Table(
        "rules",
        "The rules by which pages are read, and whether they still match.",
        (
            _c("rule", str, "the rule, as in the run's stats: `parser/title/xpath///section/h1`"),
            _c("pages", int, "pages read that it is for, in all runs"),
            _c("matches", int, "of these, pages on which it found something"),
            _c("missed", int, "pages read since the last run in which it matched"),
            _c("matched_at", str, "end of that run (UTC)"),
        ),
    ),
    Table(
        "meta",
        "Numbers about the archive itself.",
        (_c("key", str, "`seq`: the highest sequence number given"), _c("value", int, "number")),
    ),
    Table(
        "identity",
        "One row: which archive this is, and the last links of the chain of its commits, by which "
        "a log (`-wal`) of another file is recognised.",
        (
            _c("id", int, "1"),
            _c("archive_id", str, "random; the same in every copy of the archive"),
            _c("last_commit", str, "random; another with every transaction"),
            _c("commit_before", str, "`last_commit` of the transaction before"),
            _c("layout", str, "SQLite's `schema_version` in that transaction, in hexadecimal"),
        ),
    ),
)


@dataclass(frozen=True)
class View:
    """A question that readers ask often, as a view."""

    name: str
    doc: str
    sql: str


VIEWS: tuple[View, ...] = (
    View(
        "latest_articles",
        "The articles, the latest first, without their markup.",
        "SELECT info_code, published_at, source, title, summary, body_text, share_url, original_url"
        " FROM articles ORDER BY published_at DESC",
    ),
    View(
        "articles_by_day",
        "How many articles each medium published on each day in China.",
        "SELECT substr(published_at, 1, 10) AS day, source, count(*) AS articles FROM articles"
        " WHERE published_at IS NOT NULL GROUP BY 1, 2",
    ),
    View(
        "mentioned_in",
        "Each security, board and index with the articles that link to it.",
        "SELECT market, code, name, kind, times, info_code, published_at, source, title"
        " FROM mentions JOIN articles USING (info_code)",
    ),
    View(
        "changes",
        "What was inserted and changed, in the order of `seq`: read on from the last one you have.",
        "SELECT seq, seq = first_seq AS is_new, changed_at, info_code, published_at, source, title"
        " FROM articles ORDER BY seq",
    ),
)
"""Made by the migrations, like the tables."""


def table(name: str) -> Table:
    """Return the table of that name; KeyError where there is none."""
    for each in TABLES:
        if each.name == name:
            return each
    raise KeyError(name)
