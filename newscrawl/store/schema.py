"""Describes the tables of an archive, which :mod:`newscrawl.store.migrations` creates.

This is the present state, for the documentation and its test; it is changed by a new migration,
never by editing an old one.
"""

from __future__ import annotations

from dataclasses import dataclass

from newscrawl.items import COLUMNS, FIELDS, KEPT

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
    """A table: what a row is, and what each column holds."""

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
        "(of GetNewsText), `newsinfo_answer`, `article_page`, `item` (of another project's "
        "spider); in `rejects` also `listing_page` and `list_answer`",
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
    ("listed", "links to articles found in listings, and requested ids"),
    ("repeated", "of these, seen before in this run"),
    ("skipped", "of these, known and not due for a revisit"),
    ("filtered", "of these, outside `since`, `limit` or the given hosts"),
    ("scheduled", "of these, pages that the run scheduled"),
    ("failed", "of the scheduled, not fetched: refused, timed out, an error status"),
    ("rejected", "of these, fetched but without an article; see `rejects`"),
    ("duplicate", "of these, the same page a second time in this run"),
    ("out_of_range", "of these, published before `since`, as only their text showed"),
    ("unchanged", "of these, nothing new"),
    ("new", "of these, the first page of an article"),
    ("extended", "of these, added to an article"),
    ("changed", "of these, replaced what the same page said before; see `revisions`"),
    (
        "requests",
        "HTTP requests sent, retries and redirects included (but not the second try that the HTTP "
        "client makes at once if a connection was reset)",
    ),
    ("responses", "HTTP responses received"),
    ("errors", "HTTP requests that ended without a response"),
)
"""The counters of a run. They balance:
listed = repeated + skipped + filtered + scheduled;
scheduled = failed + rejected + duplicate + out_of_range + unchanged + new + extended + changed
+ unfinished."""

TABLES: tuple[Table, ...] = (
    Table(
        "articles",
        "One row per article, merged from all its observations.",
        (
            _c(
                "id",
                str,
                "the article's id: an infoCode, which is `NW` (news; 17 or 18 digits), `CFH` (a "
                "user's column), `AN` (notice) or `AP` (report) and digits, or `<site>:<id>`",
            ),
            _c(
                "seq",
                int,
                "grows with every insert and change, in commit order: continue from your last",
            ),
            _c("first_seq", int, "its `seq` when it was inserted; never changes"),
            *(_c(name, FIELDS[name].type, FIELDS[name].doc) for name in COLUMNS),
            _c("first_seen_at", str, "when its first page was fetched (UTC)"),
            _c("changed_at", str, "when this row last changed (UTC)"),
            _c("info_code", str, "the id, if it is an infoCode; generated from it, never written"),
        ),
    ),
    Table(
        "article_categories",
        "The categories of an article, one row per category.",
        (
            _c("article_id", str, "the article"),
            _c("category", str, "the slug, as the footer of the page spells it, else its path"),
            _c("origin", str, "`page` (a page of the article says so) or `listing`"),
        ),
    ),
    Table(
        "article_listings",
        "The lists of news that show an article, one row per list. The article may not be stored "
        "yet.",
        (
            _c("article_id", str, "the article"),
            _c(
                "listing",
                str,
                "the list with its argument: `finews`, `columns-345`, `security:1.600519`, "
                "`search:茅台`",
            ),
            _c("first_seen_at", str, "when the list first showed it (UTC)"),
            _c("last_seen_at", str, "when the list last showed it (UTC)"),
        ),
    ),
    Table(
        "listed",
        "Articles that a listing shows but that are not stored yet: they failed or were rejected.",
        (
            _c("article_id", str, "the article that is missing"),
            _c("category", str, "the listing's slug; the article gets it when it is stored"),
        ),
    ),
    Table(
        "article_tags",
        "The tags of an article, one row per tag, as printed.",
        (_c("article_id", str, "the article"), _c("tag", str, "the tag")),
    ),
    Table(
        "mentions",
        "Securities, boards and indices that an article names, shows or is listed with. One may "
        "be there several times, once for each `origin`: count articles as "
        "`count(DISTINCT article_id)`.",
        (
            _c("article_id", str, "the article"),
            _c(
                "market",
                str,
                "Eastmoney's market number: 1 Shanghai, 0 Shenzhen, 116 Hong Kong …; empty if "
                "the link names none",
            ),
            _c("code", str, "the code on that market"),
            _c(
                "name",
                str,
                "the text of the link, or the words before a printed code; empty where there are "
                "none",
            ),
            _c("kind", str, "`stock`, `board`, `index`, `fund`, `future`, `forex` or `unknown`"),
            _c("times", int, "how often, on the page that has it most often"),
            _c(
                "origin",
                str,
                "`link` (the body links to it), `common_word` (the publisher marked a word, which "
                "may be a common one, and links it nowhere in the body), `chart` (its price chart "
                "is in the body), `text` (title or text print its code) or `list` (a list of news "
                "names it beside the article, or is the list of its news)",
            ),
        ),
    ),
    Table(
        "images",
        "Images of an article, in order.",
        (
            _c("article_id", str, "the article"),
            _c("position", int, "place in the body, from 0"),
            _c("url", str, "URL of the image"),
        ),
    ),
    Table(
        "categories",
        "Every category that was seen.",
        (
            _c("category", str, "the slug"),
            _c("name", str, "the source name most often seen with it; NULL if none"),
            _c("first_seen_at", str, "when it was first seen (UTC)"),
        ),
    ),
    Table(
        "category_names",
        "The names seen for a category: a slug is not a name, and may have several.",
        (
            _c("category", str, "the slug"),
            _c("name", str, "the page's tag without a trailing 新闻"),
            _c("pages", int, "number of pages with this name"),
        ),
    ),
    Table(
        "observations",
        "One row per page: the latest that it said about its article, and when.",
        (
            *_PAGE,
            _c("is_revisited", int, "1 for a kind of page that is fetched again while young"),
            _c("is_entry", int, "1 for an entry of a list, which is not a page of its own"),
            _c("is_resolved", int, "1 for a kind of page that a share link resolves to"),
            _c("article_id", str, "the article it is about"),
            _c("url", str, "its URL"),
            _c("body_rank", int, "how complete its body is; see `articles.body_rank`"),
            _c("observed_at", str, "when its present content was first seen (UTC)"),
            _c("last_seen_at", str, "when its present content was last seen (UTC)"),
            _c(
                "content_hash",
                str,
                "hash of title, text, source and time, with white space normalized",
            ),
            _c("page_hash", str, "the bytes, in `raw_pages`"),
            _c("content_type", str, "the Content-Type header: it may name the charset"),
            _c("etag", str, "validator of the last answer"),
            _c("last_modified", str, "validator of the last answer"),
            _c("loader_version", int, "version of the rules that parsed it"),
            _c(
                "differs",
                str,
                "JSON: the fields that differ from the article's row; null if the page lacks it",
            ),
            _c(
                "unknown",
                str,
                "JSON: constructs of the body that no rule handles, with their counts",
            ),
            _c(
                "gone_at",
                str,
                "when the site first said that it no longer exists (UTC); NULL: it did not",
            ),
            _c(
                "ordered_at",
                str,
                "start of the run that first saw it (UTC): the order of the pages within one run "
                "has no meaning; NULL: `observed_at`",
            ),
        ),
    ),
    Table(
        "revisions",
        "Revisions of changed articles.",
        (
            _c("id", int, "number of the revision"),
            _c("article_id", str, "the article"),
            *_PAGE,
            *(_c(name, str, f"the earlier `{name}`") for name in KEPT),
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
            _c("stored_size", int, "bytes of `bytes`"),
            _c("encoding", str, "`zstd`"),
            _c("bytes", bytes, "the compressed bytes; none if they were pruned or lost"),
            _c(
                "pruned_at",
                str,
                "when they were pruned, or found lost (UTC); NULL: they are there",
            ),
        ),
    ),
    Table(
        "rejects",
        "Pages that gave no article, one row per page and reason.",
        (
            _c("id", int, "number of the reject"),
            _c("run_id", int, "the run that last rejected it"),
            _c("url", str, "its URL"),
            *_PAGE,
            _c("reason", str, "one word; `newscrawl.sites.REASONS` says what each means"),
            _c("detail", str, "what was found and what was expected"),
            _c("page_hash", str, "the bytes, in `raw_pages`; NULL if they were not stored"),
            _c("content_type", str, "the Content-Type header of the answer"),
            _c("first_seen_at", str, "when it was first rejected (UTC)"),
            _c("last_seen_at", str, "when it was last rejected (UTC)"),
            _c("times", int, "how often it was rejected"),
            _c("loader_version", int, "version of the rules that rejected it"),
        ),
    ),
    Table(
        "suspicious_observations",
        "What a page last showed instead of its article: it is left out of the merge. While it "
        "is `pending`, `rejects` has a row for it, with the reason `suspicious`.",
        (
            *_PAGE,
            _c("article_id", str, "the article that it replaces, which may not be stored"),
            _c(
                "reason",
                str,
                "`placeholder`, `lost_letters`, `shrunken` (much of the stored text is gone) or "
                "`shared` (several articles say the same)",
            ),
            _c("excerpt", str, "the beginning of its text"),
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
                "`pending`, `withdrawn` (the page shows its article again, or is gone), "
                "`confirmed` (by further visits) or `accepted` (by the user)",
            ),
        ),
    ),
    Table(
        "runs",
        "One row per run. The counters are committed together with what they count.",
        (
            _c("id", int, "number of the run"),
            _c("spider", str, "name of the spider"),
            _c("arguments", str, "JSON: its arguments"),
            _c("versions", str, "JSON: newscrawl, scrapy, python and sqlite"),
            _c("pid", int, "process id"),
            _c("started_at", str, "start (UTC)"),
            _c("ended_at", str, "end (UTC); NULL while it runs, or if it was killed"),
            _c(
                "outcome",
                str,
                "`running`, `killed`, or the word of its exit code: `ok`, `degraded` …",
            ),
            _c("exit_code", int, "the command's exit code"),
            _c("reason", str, "reason for the outcome, in a sentence"),
            *(_c(name, int, doc) for name, doc in COUNTERS),
            _c(
                "clock_difference",
                int,
                "seconds by which the servers' clocks were ahead of this machine's; NULL: unknown. "
                "If more than a day, all times of the run are wrong by it",
            ),
        ),
    ),
    Table(
        "listings",
        "One row per listing: a page or answer that links to articles, and its interval of checks.",
        (
            *_LISTING,
            _c("url", str, "URL of the last check"),
            _c(
                "found_in",
                str,
                "how it was found: `home` or `name` (requested), `footer` (a post names it), "
                "`path` (guessed from the path of a post)",
            ),
            _c(
                "etag",
                str,
                "validator of the last successful answer; NULL unless all its articles are stored",
            ),
            _c("last_modified", str, "the same"),
            _c("content_hash", str, "hash of its links; NULL unless all its articles are stored"),
            _c("checked_at", str, "last successful check (UTC); NULL if there was none"),
            _c("news_at", str, "last check that found a new article (UTC)"),
            _c("interval", float, "seconds until the next check, adapted to the checks so far"),
            _c("checks", int, "successful checks"),
            _c("missing_since", str, "since when it does not exist (UTC); NULL if it does"),
            _c("failed_at", str, "last failed check (UTC); NULL after a successful one"),
            _c("failure", str, "why, in a sentence"),
            _c(
                "read_at",
                str,
                "of a list with pages: when it was last read back to what was stored before (UTC)",
            ),
            _c(
                "read_pages",
                int,
                "how many of its pages were ever read back; NULL for all of them, and if there is "
                "no `read_at`",
            ),
        ),
    ),
    Table(
        "unresolved",
        "Articles whose share link is still to be resolved.",
        (
            _c("site", str, "configured name of the site"),
            _c("article_id", str, "the article"),
            _c("link", str, "its share link, as printed; NULL if a list named it"),
            _c("first_tried_at", str, "when it could first be fetched nowhere (UTC); NULL: never"),
            _c("due_at", str, "when it is requested next (UTC); NULL: never again"),
        ),
    ),
    Table(
        "gaps",
        "Periods for which articles may be missing: the listing was not checked before it "
        "dropped them, or had more pages than were to be read.",
        (
            _c("id", int, "number of the gap"),
            *_LISTING,
            _c("from_at", str, "the last successful check before (UTC)"),
            _c("until_at", str, "up to when the listing had dropped its articles by then (UTC)"),
            _c("noticed_at", str, "the next successful check (UTC)"),
        ),
    ),
    Table(
        "rules",
        "The rules by which pages are parsed, and whether they still match.",
        (
            _c("rule", str, "the rule, as in the run's stats: `parser/title/xpath///section/h1`"),
            _c("pages", int, "pages parsed that it applies to, in all runs"),
            _c("matches", int, "of these, pages on which it matched"),
            _c("missed", int, "pages parsed since the last run in which it matched"),
            _c("matched_at", str, "end of that run (UTC)"),
        ),
    ),
    Table(
        "meta",
        "Numbers about the archive itself.",
        (
            _c(
                "key",
                str,
                "`seq`: the highest sequence number given; `pruned`: the rows pruned whose space "
                "is not given back yet; `rejects_pruned`: the Unix time before which rejects were "
                "pruned",
            ),
            _c("value", int, "number"),
        ),
    ),
    Table(
        "identity",
        "One row: the identity of the archive, and the last links of its chain of commits, by "
        "which a log (`-wal`) of another file is recognized.",
        (
            _c("id", int, "1"),
            _c("archive_id", str, "random; the same in every copy of the archive"),
            _c("last_commit", str, "random; new in every transaction"),
            _c("commit_before", str, "`last_commit` of the transaction before"),
            _c("layout", str, "SQLite's `schema_version` in that transaction, in hexadecimal"),
        ),
    ),
    Table(
        "character_folds",
        "The characters that the search index holds as others: 儲 as 储.",
        (
            _c("character", str, "a traditional character, or a variant"),
            _c("simplified", str, "the character that it counts as"),
        ),
    ),
)


@dataclass(frozen=True)
class View:
    """A common query, as a view."""

    name: str
    doc: str
    sql: str


VIEWS: tuple[View, ...] = (
    View(
        "latest_articles",
        "The articles, the latest first, without their markup.",
        "SELECT id, info_code, published_at, source, title, summary, body_text, share_url,"
        " original_url"
        " FROM articles ORDER BY published_at DESC",
    ),
    View(
        "articles_by_day",
        "Number of articles per source and day in China.",
        "SELECT substr(published_at, 1, 10) AS day, source, count(*) AS articles FROM articles"
        " WHERE published_at IS NOT NULL GROUP BY 1, 2",
    ),
    View(
        "mentioned_in",
        "Each security, board and index with the articles that mention it, one row for each "
        "article: `origins` is a list with commas.",
        "SELECT market, code, max(name) AS name, kind, max(times) AS times,"
        " group_concat(origin) AS origins, id, info_code, published_at, source, title"
        " FROM mentions JOIN articles ON id = article_id GROUP BY market, code, article_id",
    ),
    View(
        "securities",
        "Each security, board and index that articles mention: `names` is a list with commas of "
        "those it was seen under.",
        "SELECT market, code, max(name) AS name, group_concat(DISTINCT nullif(name, '')) AS "
        "names, max(kind) AS kind,"
        " count(DISTINCT article_id) AS articles, min(published_at) AS first_mentioned_at,"
        " max(published_at) AS last_mentioned_at"
        " FROM mentions JOIN articles ON id = article_id GROUP BY market, code",
    ),
    View(
        "mentions_by_day",
        "In how many articles of a day in China each security, board and index is mentioned.",
        "SELECT substr(published_at, 1, 10) AS day, market, code, max(name) AS name,"
        " count(DISTINCT article_id) AS articles FROM mentions JOIN articles ON id = article_id"
        " WHERE published_at IS NOT NULL GROUP BY 1, 2, 3",
    ),
    View(
        "same_title_within_a_day",
        "The articles that have the title of another one, published at most a day before or "
        "after it. Ask for one `id`: for all, it takes long.",
        "SELECT articles.id AS id, other.id AS other_id, other.published_at AS published_at,"
        " other.source AS source, other.title AS title FROM articles JOIN articles AS other"
        " ON other.published_at BETWEEN"
        " strftime('%Y-%m-%dT%H:%M:%S', substr(articles.published_at, 1, 19), '-1 day') AND"
        " strftime('%Y-%m-%dT%H:%M:%S~', substr(articles.published_at, 1, 19), '+1 day')"
        " AND other.title = articles.title AND other.id <> articles.id",
    ),
    View(
        "changes",
        "Inserted and changed articles in the order of `seq`: continue from the last one you have.",
        "SELECT seq, seq = first_seq AS is_new, changed_at, id, info_code, published_at, source,"
        " title"
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
