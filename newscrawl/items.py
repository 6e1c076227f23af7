"""The items: pages and articles; and the messages by which a spider tells its run of the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, fields
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Any, Literal, get_args

from newscrawl.text.passwords import clean_address

if TYPE_CHECKING:
    from newscrawl.store.listings import Listing, ListingCheck, ListingKey

Precision = Literal["second", "minute", "day"]
DEFAULT_SITE = "finews"
"""The name of the site that is crawled unless ``-a site=`` says otherwise."""
End = Literal[
    "failed", "rejected", "duplicate", "out_of_range", "unchanged", "new", "extended", "changed"
]
"""How a page of a run ended."""
ENDS: tuple[End, ...] = get_args(End)
REPORTED: tuple[End, ...] = (
    "new", "extended", "changed", "unchanged", "duplicate", "out_of_range", "rejected", "failed",
)  # fmt: skip
"""The ends in the order in which people read them."""


class BodyRank(IntEnum):
    """How complete a page's body is; the most complete one becomes the article's."""

    SUMMARY = 0
    """The page has no body, only a summary (generations 0 to 5 of the mirror's posts)."""
    FULL = 1
    """The whole text, without links to the securities it names."""
    LINKED = 2
    """The whole text, with links to the securities it names."""


class PageKind(StrEnum):
    """What a page is. How each kind is read is in :mod:`newscrawl.sites`."""

    POST_PAGE = "post_page"
    """A post of the site, as an HTML page."""
    POST_FILE = "post_file"
    """The source file of a post, on this machine."""
    LIST_ENTRY = "list_entry"
    """One entry of a feed or of a list of news."""
    API_ANSWER = "api_answer"
    """The answer of GetNewsText."""
    NEWSINFO_ANSWER = "newsinfo_answer"
    """The answer of newsinfo's getnews."""
    ARTICLE_PAGE = "article_page"
    """An article page of the publisher."""
    ITEM = "item"
    """An item of another project's spider, with the response that it was read from."""
    LISTING_PAGE = "listing_page"
    """A page of the site that lists posts; stored only if it is rejected."""
    LIST_ANSWER = "list_answer"
    """A feed or list of news as a whole; stored only if it is rejected."""

    @property
    def is_revisited(self) -> bool:
        """Whether stored pages are fetched again while they are young."""
        return self is PageKind.POST_PAGE

    @property
    def is_entry(self) -> bool:
        """Whether it is only a list's entry about an article, not a page of its own."""
        return self is PageKind.LIST_ENTRY

    @property
    def is_resolved(self) -> bool:
        """Whether it is what a share link resolves to."""
        return self in (PageKind.API_ANSWER, PageKind.NEWSINFO_ANSWER, PageKind.ARTICLE_PAGE)

    @property
    def is_read_again(self) -> bool:
        """Whether its bytes say all of its article; of an item only its spider could read them."""
        return self is not PageKind.ITEM

    @property
    def is_local(self) -> bool:
        """Whether it is the user's own file, not fetched from a site."""
        return self is PageKind.POST_FILE

    @property
    def is_listing(self) -> bool:
        """Whether it lists articles, and is not an article itself."""
        return self in (PageKind.LISTING_PAGE, PageKind.LIST_ANSWER)

    @property
    def names_its_article(self) -> bool:
        """Whether its text says which article it is; of the others only the address does."""
        return self in (PageKind.API_ANSWER, PageKind.NEWSINFO_ANSWER)


class Origin(StrEnum):
    """Where a mention of a security was found."""

    LINK = "link"
    """The body links to it."""
    COMMON_WORD = "common_word"
    """The publisher marked a word of the body, which may be a common one, and links it nowhere."""
    CHART = "chart"
    """The body shows its price chart."""
    TEXT = "text"
    """The title or the text prints its code, 贵州茅台（600519）."""
    LIST = "list"
    """A list of news names it beside the article, or is the list of its news."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A security, board or index that an article is about, or names."""

    market: str
    """Eastmoney's market number as printed, for example ``1`` Shanghai, ``116`` Hong Kong."""
    code: str
    """The code on that market, for example ``600160`` or ``BK0493``."""
    name: str
    """The linked words, or those before a printed code; empty where there are none."""
    kind: str
    """``stock``, ``board``, ``index``, ``fund``, ``future``, ``forex`` or ``unknown``."""
    times: int = 1
    """How often."""
    origin: str = Origin.LINK
    """Where it was found, one of :class:`Origin`."""


@dataclass(slots=True)
class Page:
    """One response of a site, or one file: its bytes, and where and when they were fetched.

    A page is identified by its site, its kind and an id taken from its URL: the two pages of one
    article, ``…/NW<digits>.html`` and ``…/<digits>.html``, are two pages, and so is the same file
    name under two paths.
    """

    kind: PageKind
    id: str
    """Of a post the path of its address (``guojishangbao/2021/12/28/NW202112282228490028.html``),
    of an answer or article page the id as printed: ``202112082206672930``."""
    url: str
    body: bytes
    observed_at: str
    """When it was fetched, in UTC, ISO 8601 with ``+00:00``."""
    site: str = DEFAULT_SITE
    """The configured name of the site it came from."""
    content_type: str | None = None
    """The Content-Type header, where there was one: it may name the charset."""
    etag: str | None = None
    last_modified: str | None = None
    answered_at: str | None = None
    """What the server's clock said then, in the same form; None where it did not say."""
    ordered_at: str | None = None
    """Its time in the order of its article's pages: the start of the run that fetched it, since the
    order of responses within a run means nothing; None: when it was observed."""
    is_fetched: bool = False
    """Whether it has just been fetched: then it is the latest, whatever the clock says."""

    def __post_init__(self) -> None:
        """Take the kind's value for the kind; keep no password, wherever the URL came from."""
        self.kind = PageKind(self.kind)
        if "@" in self.url:
            self.url = clean_address(self.url)

    @property
    def identity(self) -> tuple[str, PageKind, str]:
        """What identifies this page: its site, kind and id."""
        return self.site, self.kind, self.id

    @property
    def key(self) -> str:
        """Its identity as one string."""
        return "/".join(self.identity)


@dataclass(frozen=True, slots=True)
class Field:
    """What a field of an article is in the archive: all that is done to each follows from this.

    Only its column in the migrations is written a second time, since these are frozen.
    """

    doc: str
    """What its column holds."""
    kind: Literal["text", "url", "markup", "derived", "number", "list"] = "text"
    """A text is as the page has it, and sanitized; what is derived is newscrawl's own words; a list
    has a table of its own."""
    group: Literal["single", "time", "body", "added"] = "single"
    """Which page supplies it: the last that has it; for ``time`` and ``body`` the best page, which
    supplies the whole group; ``added`` values are united."""
    most: int | None = None
    """Characters of a text; a longer one is shortened."""
    makes_revision: bool = False
    """Whether another value on the same page makes a revision."""
    is_kept: bool = False
    """Whether a revision keeps its earlier value."""
    is_exported: bool = True
    """Whether exports have it; the rest is evidence."""

    @property
    def type(self) -> type:
        """The type of its values, as its column has it."""
        return {"number": int, "list": list}.get(self.kind, str)


def _field(doc: str, **options: Any) -> Any:
    return field(default=None, metadata={"field": Field(doc, **options)})


@dataclass(slots=True)
class Article:
    """One article as one page describes it.

    None means that the page does not say. The loader fills in what the page says, the pipelines
    what is derived from it (``published_at``, ``published_precision``, canonical ids and URLs).
    """

    id: str | None = None
    """Its id in the archive: an infoCode, or ``<site>:<id>``."""
    # The longest title of the real posts at hand has 45 characters.
    title: str | None = _field(
        "title; NULL if no page has one", most=1000, makes_revision=True, is_kept=True
    )
    published_at: str | None = _field(
        "when it was published: ISO 8601, always `+08:00`, so text order is time order",
        kind="derived", group="time", makes_revision=True, is_kept=True,
    )  # fmt: skip
    published_raw: str | None = _field(
        "the time as the page prints it", group="time", most=200, is_exported=False
    )
    published_precision: Precision | None = _field(
        "`second`, `minute` or `day` (then the time is 00:00:00)", kind="derived", group="time"
    )
    published_from: str | None = _field(
        "which element gave the time, or how it was inferred", group="time", is_exported=False
    )
    published_shift: int | None = None
    """Hours to add to the printed time, where the page shows that it was rendered late (-8)."""
    source: str | None = _field(
        "the publication that wrote it, as named in the text (文章来源)",
        most=200, makes_revision=True, is_kept=True,
    )  # fmt: skip
    author: str | None = _field(
        "who wrote it, a reporter or an author, if a page prints one; several are joined by `、`",
        most=200,
    )
    summary: str | None = _field("the summary, if a page gives one", is_kept=True)
    body_html: str | None = _field(
        "the article's own markup, sanitized, safe to display",
        kind="markup", group="body", is_kept=True,
    )  # fmt: skip
    body_text: str | None = _field(
        "the text as read: one line per block", group="body", makes_revision=True, is_kept=True
    )
    body_rank: BodyRank | None = _field(
        "0 summary only, 1 whole text, 2 whole text with linked securities",
        kind="number", group="body", is_exported=False,
    )  # fmt: skip
    is_ai_generated: int | None = _field(
        "1 where the text says that it was made by AI (本文基于AI生产)", kind="number", group="body"
    )
    categories: list[str] | None = _field(
        "slugs, in the spelling of the page's footer, else of its path", kind="list", group="added"
    )
    tags: list[str] | None = _field("tags, as printed", kind="list", group="added")
    mentions: list[Mention] | None = _field(
        "securities, boards and indices that it names, shows or is listed with",
        kind="list", group="added",
    )  # fmt: skip
    images: list[str] | None = _field("URLs of the body's images", kind="list", group="body")
    share_url: str | None = _field("the share link, as printed", kind="url")
    original_url: str | None = _field(
        "the publisher's page, made from the digits of the id", kind="url"
    )
    unknown: dict[str, int] | None = None
    """Constructs of the body without a rule, with their counts."""
    removed: dict[str, int] | None = None
    """What is of no article and was taken out of the body, by kind, with the counts."""
    page: Page | None = field(default=None, repr=False)
    """The page it was read from."""

    @property
    def info_code(self) -> str | None:
        """The infoCode; None where the id is not one."""
        return None if self.id is None or ":" in self.id else self.id


FIELDS: Mapping[str, Field] = {
    each.name: each.metadata["field"] for each in fields(Article) if "field" in each.metadata
}
"""What the archive keeps of an article, by name, in the order of the columns."""
COLUMNS: tuple[str, ...] = tuple(name for name, each in FIELDS.items() if each.kind != "list")
"""The fields that are columns of ``articles``; the others have tables of their own."""
KEPT: tuple[str, ...] = tuple(name for name, each in FIELDS.items() if each.is_kept)
"""The fields of which a revision keeps the earlier value."""


# -- messages ---------------------------------------------------------------------------


class Message:
    """What a spider, a middleware or a pipeline tells the run.

    Messages are yielded like requests and articles. :mod:`newscrawl.middlewares.channel` takes
    them out before Scrapy sees them; what each does is in :mod:`newscrawl.runs.channel`.
    """

    __slots__ = ()


# What became of a link, or of an id that the user gave.


@dataclass(frozen=True, slots=True)
class Scheduled(Message):
    """A page is under way: its request, its list entry or its file is yielded next."""

    url: str


@dataclass(frozen=True, slots=True)
class Repeated(Message):
    """A link leads to a page that was met before in this run."""

    url: str


@dataclass(frozen=True, slots=True)
class Skipped(Message):
    """A link leads to a page that is stored, or was rejected, and is not due for a revisit."""

    url: str
    is_rejected: bool = False


@dataclass(frozen=True, slots=True)
class Filtered(Message):
    """A link is left out: by its date, the limit, or its host."""


# How a page that was scheduled ended, if not as an article.


@dataclass(slots=True)
class Rejected(Message):
    """A page gave no article; it is kept with its bytes, and the reason."""

    page: Page
    reason: str
    """One word of :data:`newscrawl.sites.REASONS`."""
    detail: str
    """What was found and what was expected, as a sentence."""
    final: bool = True
    """False while another URL of the same article is still to be tried."""


@dataclass(slots=True)
class Failed(Message):
    """A page could not be fetched: connection refused, timeout, an error status."""

    url: str
    detail: str
    final: bool = True
    """False while another URL of the same article is still to be tried, or if it is stored."""
    gone: Page | None = None
    """The page, if it is stored and the site says that it was removed."""


@dataclass(frozen=True, slots=True)
class Unchanged(Message):
    """The site reported a stored page as unchanged, without sending it again."""

    page: Page


@dataclass(frozen=True, slots=True)
class Duplicate(Message):
    """A page was fetched before in this run, under another URL."""

    url: str


@dataclass(frozen=True, slots=True)
class OutOfRange(Message):
    """Only its text showed that an article was published before `since`."""

    url: str


# Articles.


@dataclass(frozen=True, slots=True)
class InList(Message):
    """A list of news shows an article."""

    article_id: str
    listing: str
    """The list with its argument, ``security:1.600519``."""
    seen_at: str
    """When its answer was fetched (UTC)."""


@dataclass(frozen=True, slots=True)
class Listed(Message):
    """A listing links to a page: its article gets the listing's category."""

    page_key: str
    article_id: str
    category: str


@dataclass(frozen=True, slots=True)
class ToResolve(Message):
    """An article's share link is to be resolved, in this run or, if that is killed, the next one.

    It is yielded before the article.
    """

    article_id: str
    link: str | None


@dataclass(frozen=True, slots=True)
class YoungToResolve(Message):
    """The articles whose posts were seen since then are to be resolved, whoever stored them."""

    since: str


@dataclass(frozen=True, slots=True)
class Unresolved(Message):
    """No page had the article: it is requested again, but not soon."""

    article_id: str


@dataclass(frozen=True, slots=True)
class Resolved(Message):
    """An article needs to be resolved no more."""

    article_id: str


# Listings.


@dataclass(frozen=True, slots=True)
class ListingChecked(Message):
    """A listing was read, or is unchanged, or is missing; what it leads to was yielded before."""

    check: ListingCheck
    stored: Listing | None
    """What the archive knows of it."""
    pages: Sequence[str] = ()
    """URLs of the pages that it leads to: the check is stored when all of them have ended."""
    shown_before: Set[str] = frozenset()
    """URLs that another listing has shown first: they do not count as its news."""


@dataclass(frozen=True, slots=True)
class ListingFailed(Message):
    """A listing could not be fetched, or not be read."""

    key: ListingKey
    url: str
    found_in: str
    failure: str


@dataclass(frozen=True, slots=True)
class ListingConfirmed(Message):
    """A post spells the name of a listing that was guessed at: it exists."""

    key: ListingKey


# The run.


@dataclass(frozen=True, slots=True)
class HomeCame(Message):
    """The home page, or its failure, has come."""


@dataclass(frozen=True, slots=True)
class Trouble(Message):
    """Something went wrong that is not about a page; the run ends as degraded."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Unreachable(Message):
    """There is no such site; the run ends so, now or when what is under way has ended."""

    reason: str
    at_once: bool = False


@dataclass(frozen=True, slots=True)
class BadArgument(Message):
    """An argument names what is not there; the run goes on, and ends as a usage error."""

    reason: str


@dataclass(frozen=True, slots=True)
class Stop(Message):
    """The run cannot go on, and ends now as degraded."""

    reason: str


@dataclass(slots=True)
class Batch:
    """Articles and messages that go to the archive together.

    Scrapy's work for one item, a task for each pipeline and a signal to each feed, takes half
    as long as reading a post file.
    """

    items: list[Article | Message]


# -- what a spider says of itself ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RunOptions:
    """A spider's ``options``; the defaults are for spiders without them."""

    site: str = ""
    """Name of the site under which observations are stored."""
    arguments: Mapping[str, str] = field(default_factory=dict)
    """Arguments of the spider, without passwords."""
    page_kinds: tuple[PageKind, ...] = ()
    """Kinds of the pages that it reads: the use of their rules is counted."""
    allowed_domains: Sequence[str] | None = None
    """Hosts that may be asked, exactly these; None for all."""
    named_places: Sequence[tuple[str, int | None]] = ()
    """Host and port (None for any) of places that the user named, which may be special."""
    revisit: bool = False
    """Whether stored pages are revisited that are not due."""
    keeps_checks: bool = True
    """Whether the checks of listings are stored: not if a limit or a date leaves pages out."""
    needs_home: bool = False
    """Whether a run that never got the home page is unreachable."""
    crawls_all: bool = False
    """Whether all categories are crawled, from the home page."""
    is_whole: bool = False
    """Whether the run sees all that the site shows: then it can be told what is missing."""
    is_import: bool = False
    """Whether pages come from files, and not from a site."""


def options_of(spider: object) -> RunOptions:
    """Return a spider's options; of a foreign one only its ``allowed_domains`` are known."""
    # Asked several times for each request: a runtime_checkable Protocol costs 1 % of a crawl.
    options = getattr(spider, "options", None)
    if isinstance(options, RunOptions):
        return options
    return RunOptions(allowed_domains=getattr(spider, "allowed_domains", None))
