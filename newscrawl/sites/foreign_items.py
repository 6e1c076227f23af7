"""Makes an article of an item of any spider: a dict, a Scrapy item, a dataclass, an attrs class."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, time, tzinfo
from typing import TYPE_CHECKING, Any

from w3lib.url import canonicalize_url

from newscrawl.items import Article, BodyRank, Page
from newscrawl.sites.eastmoney.body import read_html
from newscrawl.text.china_time import CHINA
from newscrawl.text.limits import sanitize_article
from newscrawl.text.sanitize import squeeze, strip_controls
from newscrawl.text.times import FUTURE_SLACK, BadTime, parse_time

if TYPE_CHECKING:
    from itemadapter import ItemAdapter

    from newscrawl.items import Precision

_INFO_CODE = re.compile(r"NW20[0-9]{15,16}|CFH[0-9]{20,23}|A[NP][0-9]{9,24}")


def as_article(item: ItemAdapter, page: Page, *, zone: tzinfo = CHINA) -> Article:
    """Return the article that an item describes; the item stays as it is.

    It reads ``url`` and any of ``id``, ``title``, ``published_at``, ``body_html``, ``body_text``,
    ``summary``, ``source``, ``author``, ``categories`` and ``tags``. Without ``id`` the canonical
    ``url`` is the id; without either the article has none. A time without an offset is in *zone*.
    *page* is completed by the id.

    :raises Unreadable: the body is too large, or nested too deeply.
    """
    url = _text(item, "url")
    own_id = _text(item, "id") or (canonicalize_url(url) if url else None)
    article = Article(
        id=_id(own_id, page.site) if own_id else None,
        title=_line(item, "title"),
        source=_line(item, "source"),
        author=_line(item, "author"),
        summary=_line(item, "summary"),
        categories=_lines(item, "categories"),
        tags=_lines(item, "tags"),
        original_url=url,
        page=page,
    )
    page.id = own_id or page.url
    _read_body(article, item)
    _read_time(article, item.get("published_at"), zone)
    sanitize_article(article)
    return article


def _id(own_id: str, site: str) -> str:
    return own_id if _INFO_CODE.fullmatch(own_id) else f"{site}:{own_id}"


def _read_body(article: Article, item: ItemAdapter) -> None:
    html, text = _text(item, "body_html"), _text(item, "body_text")
    if html:
        body = read_html(html)
        article.body_html, article.body_text = body.html, body.text
        article.mentions, article.images = body.mentions, body.images
        article.unknown = body.unknown
    if text:
        lines = map(squeeze, text.splitlines())
        article.body_text = "\n".join(line for line in lines if line) or None
    if article.body_text:
        article.body_rank = BodyRank.FULL


def _read_time(article: Article, value: Any, zone: tzinfo) -> None:
    if value is None or article.page is None:
        return
    now = datetime.fromisoformat(article.page.observed_at)
    article.published_raw = str(value).strip()[:200]
    try:
        at, precision = _time(value, zone, now)
    except BadTime as error:
        article.published_from = f"not believed: {error}"
        return
    if at > now + FUTURE_SLACK:
        article.published_from = f"not believed: {at:%Y-%m-%d %H:%M:%S}, in the future"
        return
    article.published_at = at.isoformat(timespec="seconds")
    article.published_precision, article.published_from = precision, "published_at"


def _time(value: Any, zone: tzinfo, now: datetime) -> tuple[datetime, Precision]:
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(CHINA), "second"
    if isinstance(value, date):
        return datetime.combine(value, time(), CHINA), "day"
    return parse_time(str(value).strip(), now=now, zone=zone)


def _text(item: ItemAdapter, name: str) -> str | None:
    """Return a value as text; of a list, as an item loader may leave it, all of it."""
    value = item.get(name)
    if isinstance(value, list | tuple):
        value = "\n".join(str(each) for each in value if each is not None)
    return strip_controls(str(value)).strip() or None if value is not None else None


def _line(item: ItemAdapter, name: str) -> str | None:
    text = _text(item, name)
    return squeeze(text) if text else None


def _lines(item: ItemAdapter, name: str) -> list[str] | None:
    value = item.get(name)
    values: Iterable[Any] = [value] if isinstance(value, str) else value or ()
    return [squeeze(strip_controls(str(each))) for each in values] or None
