"""Articles as Markdown with front matter: one after the other, or a file each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from newscrawl.archive.export.front_matter import quoted_scalar
from newscrawl.archive.export.markdown_body import from_html, from_text
from newscrawl.archive.export.paths import safe_name
from newscrawl.archive.records import Record
from newscrawl.items import FIELDS
from newscrawl.sites.summary import without_source

_TEXTS = (
    "id", "info_code",
    *(n for n, each in FIELDS.items() if (each.kind, each.group) == ("text", "single")
      and n != "summary"),
    "published_precision",
)  # fmt: skip
_TIMES = ("published_at", "first_seen_at", "changed_at")
_ADDRESSES = ("share_url", "original_url")
_LISTS = ("categories", "tags")
# Without quotes YAML takes it for a time.
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d")
_INFO_CODE = re.compile(r"[A-Z]{2,5}[0-9]{9,24}")


def as_markdown(records: Iterable[Record]) -> Iterator[bytes]:
    """Yield each article as front matter, title and body, with an empty line behind it."""
    for each in records:
        yield document(each).encode() + b"\n"


def document(record: Record) -> str:
    """Return an article as a Markdown document; nothing in it is markup that the body has not."""
    parts = [exported_front_matter(record)]
    if record.title:
        parts.append(f"# {from_text(record.title)}")
    if record.summary and without_source(record.summary) != record.body_text:
        parts.append(">\n".join(f"> {line}\n" for line in _lines(record.summary)).rstrip("\n"))
    parts.append(from_html(record.body_html) if record.body_html else _plain(record))
    return "\n\n".join(filter(None, parts)) + "\n"


def exported_front_matter(record: Record) -> str:
    """Return the article's facts as YAML between two lines of dashes."""
    lines = ["---"]
    lines += [f"{name}: {quoted_scalar(getattr(record, name))}" for name in _TEXTS]
    for name in _TIMES:
        value = getattr(record, name)
        lines.append(
            f"{name}: {value if value and _TIME.fullmatch(value) else quoted_scalar(value)}"
        )
    lines += [f"{name}: {quoted_scalar(getattr(record, name))}" for name in (*_ADDRESSES, *_LISTS)]
    lines.append(f"mentions: {quoted_scalar(record.as_dict()['mentions'])}")
    return "\n".join([*lines, "---"])


def markdown_file_name(article_id: str) -> str:
    """Return the name of an article's file, whatever its id: the same in every export."""
    # Any other id gets a hash: finews:a and finews:A are two, on Windows, too.
    return f"{article_id}.md" if _INFO_CODE.fullmatch(article_id) else safe_name(article_id, ".md")


def _plain(record: Record) -> str:
    return "\n\n".join(_lines(record.body_text or record.summary or ""))


def _lines(text: str) -> list[str]:
    return list(filter(None, map(from_text, text.split("\n"))))
