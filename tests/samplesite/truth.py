"""What is true of an article, and the posts that the mirror has of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from newscrawl.items import BodyRank, Mention
from samplesite.dialect import Body
from samplesite.plan import Shelf


@dataclass(frozen=True, slots=True)
class Post:
    """One post of an article on the mirror: where it is and what its page says of itself."""

    generation: str
    """How the mirror's script wrote it: ``0`` to ``6``, ``7a``, ``7b``, ``8`` or ``notice``."""
    path: str
    """The page's path on the mirror, not percent-encoded."""
    file: str
    """The post file's name, ``2022-05-30-NW202205302396671645.md``."""
    shelf: Shelf
    """Categories, tags, and the footer's slug."""
    printed: str | None
    """The time that the page shows, ``2022-05-30 22:00:29``: late where the file had no zone."""
    linked: bool
    """Whether listings lead to it."""
    rank: BodyRank | None
    """How full its body is; None for a page without an article, such as generation 0."""


@dataclass(frozen=True, slots=True)
class Told:
    """A body's content: what a page with the whole, linked body tells."""

    paragraphs: tuple[str, ...]
    mentions: tuple[Mention, ...]
    images: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Truth:
    """One article, as an archive must store it that read every post of the mirror.

    ``paragraphs``, ``mentions`` and ``images`` are what the mirror's posts tell together;
    ``full`` is what the share interface and the public page tell.
    """

    number: int
    info_code: str
    """``NW<digits>``, or ``finews:<slug>`` for a notice of the site."""
    digits: str | None
    title: str
    published: datetime
    """In China's zone, to the second."""
    list_source: str | None
    """The source that the list interface names."""
    source: str | None
    """The source that the posts name in the body or at the end of the summary, if they do."""
    slugs: tuple[str, ...]
    """Slugs of the categories, in the footers' spelling."""
    listings: tuple[str, ...]
    """Slugs of the category pages that list it."""
    tags: tuple[str, ...]
    digest: str | None
    """As the post file has it."""
    digest_shown: str | None
    """As a page shows it: without asterisks and bars, quotes made typographic."""
    paragraphs: tuple[str, ...]
    """The lines of body_text; of digest-only posts the digest as shown, without its source."""
    mentions: tuple[Mention, ...]
    images: tuple[str, ...]
    full: Told
    share_url: str | None
    original_url: str | None
    posts: tuple[Post, ...]
    oddities: frozenset[str]
    body: Body = field(repr=False)
    """The body in both versions, for those who write pages of it."""

    @property
    def published_at(self) -> str:
        """ISO 8601, ``2022-05-30T22:00:29+08:00``."""
        return self.published.isoformat()

    @property
    def generation(self) -> str:
        """The generation of the first post."""
        return self.posts[0].generation

    @property
    def paths(self) -> tuple[str, ...]:
        """The pages that it has on the mirror."""
        return tuple(post.path for post in self.posts)

    @property
    def linked(self) -> bool:
        """Whether listings lead to it."""
        return any(post.linked for post in self.posts)

    @property
    def rank(self) -> BodyRank | None:
        """How full the fullest body among its posts is."""
        return max((post.rank for post in self.posts if post.rank is not None), default=None)
