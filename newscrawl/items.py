"""What travels from a page to the store: one page, and the article that it tells of."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal, get_args

from newscrawl.text.passwords import clean_address

Precision = Literal["second", "minute", "day"]
End = Literal["failed", "rejected", "duplicate", "unchanged", "new", "extended", "changed"]
"""How a page of a run ended."""
ENDS: tuple[End, ...] = get_args(End)


class BodyRank(IntEnum):
    """How full a page's body is; the fuller one supplies the article's row."""

    SUMMARY = 0
    """The page has no body, only a summary (generations 0 to 5 of the mirror's posts)."""
    FULL = 1
    """The whole text, without links on the securities it names."""
    LINKED = 2
    """The whole text, with links on the securities it names."""


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
    """One answer of a source, or one file: its bytes, and where and when they were had.

    A page is known by its kind and by an id that its address has: the two pages of one article,
    ``…/NW<digits>.html`` and ``…/<digits>.html``, are two pages, and so is one file name under
    two paths.
    """

    kind: str
    """``post`` (page of the mirror), ``answer`` (of GetNewsText), ``public`` (article page),
    ``file`` (a post file), ``entry`` (of a feed or list)."""
    id: str
    """Of a post the path of its address (``guojishangbao/2021/12/28/NW202112282228490028.html``),
    of an answer or article page the id as printed: ``202112082206672930``."""
    url: str
    body: bytes
    observed_at: str
    """When it was fetched, in UTC, ISO 8601 with ``+00:00``."""
    site: str = "finews"
    """The configured name of the site it came from."""
    content_type: str | None = None
    """The Content-Type header, where there was one: it may name the charset."""
    etag: str | None = None
    last_modified: str | None = None
    ordered_at: str | None = None
    """Since when it counts among the pages of its article: the start of the run that fetched it,
    since the order of answers within a run means nothing; None: since it was observed."""
    is_fetched: bool = False
    """Whether it has just been fetched: then it says the latest, whatever the clock says."""

    def __post_init__(self) -> None:
        """Keep no password, wherever the address came from."""
        if "@" in self.url:
            self.url = clean_address(self.url)

    @property
    def identity(self) -> tuple[str, str, str]:
        """What tells this page from every other: its site, kind and id."""
        return self.site, self.kind, self.id

    @property
    def key(self) -> str:
        """Its identity as one text."""
        return "/".join(self.identity)


@dataclass(slots=True)
class Article:
    """One article as one page tells it, shaped like the mirror's post.

    None means that the page does not say. The loader fills what the page says; the pipelines
    fill what follows from it (``published_at``, ``published_precision``, canonical ids and URLs).
    """

    info_code: str | None = None
    title: str | None = None
    published_at: str | None = None
    """ISO 8601 with its offset, always +08:00."""
    published_raw: str | None = None
    """The time as the page prints it."""
    published_precision: Precision | None = None
    published_from: str | None = None
    """Which element said it, or which inference was made."""
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
    """Constructs of the body that no rule knows, with how often each was met."""
    page: Page | None = field(default=None, repr=False)
    """Where it was seen."""


@dataclass(slots=True)
class Reject:
    """A page that gave no article, with the reason; kept with its bytes."""

    page: Page
    reason: str
    """One word of :data:`newscrawl.sites.REASONS`."""
    detail: str
    """A sentence for a person: what was found and what was expected."""
    final: bool = True
    """False while another address of the same article is still to be tried."""


@dataclass(slots=True)
class Failure:
    """A page that was scheduled and never came: refused, timed out, an error status."""

    url: str
    detail: str
    final: bool = True
    """False while another address of the same article is still to be tried, or if it is stored."""
    gone: Page | None = None
    """The page, where it is stored and the site says that it is no more."""


@dataclass(slots=True)
class Unchanged:
    """A stored page that is as it was: the site answered so, without sending it again."""

    page: Page


@dataclass(slots=True)
class Listed:
    """A page that a listing links to: it counts as seen under the listing's category."""

    page_key: str
    info_code: str
    category: str


@dataclass(slots=True)
class Batch:
    """Items that go through pipelines and exporter together.

    What Scrapy does around one item, a task for each pipeline and a signal to each feed, costs as
    much as half of reading a post file.
    """

    items: list[Article | Reject | Failure]
