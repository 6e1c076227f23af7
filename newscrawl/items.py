"""The items: a page, the article that it describes, and what a run reports of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Literal, get_args

from newscrawl.text.passwords import clean_address

Precision = Literal["second", "minute", "day"]
DEFAULT_SITE = "finews"
"""The name of the site that is crawled unless ``-a site=`` says otherwise."""
End = Literal["failed", "rejected", "duplicate", "unchanged", "new", "extended", "changed"]
"""How a page of a run ended."""
ENDS: tuple[End, ...] = get_args(End)


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
    ARTICLE_PAGE = "article_page"
    """An article page of the publisher."""
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
        return self in (PageKind.API_ANSWER, PageKind.ARTICLE_PAGE)

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
        return self is PageKind.API_ANSWER


@dataclass(frozen=True, slots=True)
class Mention:
    """A security, board or index that a body links to."""

    market: str
    """Eastmoney's market number as printed, for example ``1`` Shanghai, ``116`` Hong Kong."""
    code: str
    """The code on that market, for example ``600160`` or ``BK0493``."""
    name: str
    """The linked words, as printed."""
    kind: str
    """``stock``, ``board``, ``index``, ``fund``, ``future``, ``forex`` or ``unknown``."""
    times: int = 1
    """How often the body links to it."""


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


@dataclass(slots=True)
class Article:
    """One article as one page describes it.

    None means that the page does not say. The loader fills in what the page says, the pipelines
    what is derived from it (``published_at``, ``published_precision``, canonical ids and URLs).
    """

    info_code: str | None = None
    title: str | None = None
    published_at: str | None = None
    """ISO 8601 with its offset, always +08:00."""
    published_raw: str | None = None
    """The time as the page prints it."""
    published_precision: Precision | None = None
    published_from: str | None = None
    """Which element printed it, or which inference was made."""
    published_shift: int | None = None
    """Hours to add to the printed time, where the page shows that it was rendered late (-8)."""
    source: str | None = None
    summary: str | None = None
    body_html: str | None = None
    body_text: str | None = None
    body_rank: BodyRank | None = None
    categories: list[str] | None = None
    """Slugs, in the spelling of the page's footer, else of its path."""
    tags: list[str] | None = None
    mentions: list[Mention] | None = None
    images: list[str] | None = None
    share_url: str | None = None
    original_url: str | None = None
    unknown: dict[str, int] | None = None
    """Constructs of the body without a rule, with their counts."""
    page: Page | None = field(default=None, repr=False)
    """The page it was read from."""


@dataclass(slots=True)
class Reject:
    """A page without an article, with the reason; kept with its bytes."""

    page: Page
    reason: str
    """One word of :data:`newscrawl.sites.REASONS`."""
    detail: str
    """What was found and what was expected, as a sentence."""
    final: bool = True
    """False while another URL of the same article is still to be tried."""


@dataclass(slots=True)
class Failure:
    """A page that could not be fetched: connection refused, timeout, an error status."""

    url: str
    detail: str
    final: bool = True
    """False while another URL of the same article is still to be tried, or if it is stored."""
    gone: Page | None = None
    """The page, if it is stored and the site says that it was removed."""


@dataclass(slots=True)
class Unchanged:
    """A stored page that the site reported as unchanged, without sending it again."""

    page: Page


@dataclass(slots=True)
class Listed:
    """A page that a listing links to: its article gets the listing's category."""

    page_key: str
    info_code: str
    category: str


@dataclass(slots=True)
class Batch:
    """Items that go through pipelines and exporter together.

    Scrapy's work for one item, a task for each pipeline and a signal to each feed, takes half
    as long as reading a post file.
    """

    items: list[Article | Reject | Failure]
