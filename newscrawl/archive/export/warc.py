"""Raw pages as a WARC file (ISO 28500), through warcio (the extra ``warc``)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from datetime import UTC
from io import BytesIO
from typing import Any, BinaryIO
from urllib.parse import quote

from newscrawl._version import __version__
from newscrawl.items import PageKind
from newscrawl.store.errors import Pruned
from newscrawl.store.raw_pages import load_raw_page
from newscrawl.store.stored_times import StoredTimes
from newscrawl.store.values import moment
from newscrawl.text.escape import escape_lines

_OBSERVATIONS = (
    "SELECT site, page_kind, page_id, article_id, url, observed_at, last_seen_at, content_type,"
    " etag, last_modified, gone_at, is_entry, page_hash"
    " FROM observations WHERE article_id = ? ORDER BY site, page_kind, page_id"
)
_REVISIONS = (
    "SELECT observed_at, last_seen_at, replaced_at, page_hash FROM revisions"
    " WHERE site = ? AND page_kind = ? AND page_id = ? ORDER BY observed_at, id"
)
_NOT_TOLD = frozenset({"url", "is_entry", "page_hash"})
"""Columns that the metadata record leaves out: its resource record has them."""
_DESCRIPTION = (
    "Bodies of pages as newscrawl stored them, with content codings removed. Request and response"
    " headers were not stored, so there are no request and response records: each page is a"
    " resource record, and a metadata record has what its archive knows, by the names of the table"
    " observations."
)


class WarcWriter:
    """Writes the pages of articles into a WARC file: a member of gzip for each record.

    A page that has revisions is written once for each. Entries of lists are left out: they are
    parts of an answer, which itself was not stored.
    """

    def __init__(self, connection: sqlite3.Connection, file: BinaryIO) -> None:
        """Begin the file with its warcinfo record.

        :raises ImportError: warcio is not installed.
        """
        from warcio.warcwriter import WARCWriter

        self._connection = connection
        self._times = StoredTimes(connection)
        self._out = WARCWriter(file, gzip=True, warc_version="1.1")
        self.pages = 0
        """Resource records written."""
        self.entries = 0
        """Entries of lists that were left out."""
        self.pruned = 0
        """Pages that were left out because ``newscrawl prune`` removed their bytes."""
        self.missing = 0
        """Pages that were left out because their bytes are not in the archive."""
        about = {
            "software": f"newscrawl/{__version__}",
            "format": "WARC File Format 1.1",
            "conformsTo": "https://iipc.github.io/warc-specifications/specifications/"
            "warc-format/warc-1.1/",
            "description": _DESCRIPTION,
        }
        self._out.write_record(self._out.create_warcinfo_record(None, about))

    def add(self, article_id: str) -> None:
        """Write the pages of an article.

        :raises Damaged: bytes are not those that were stored.
        """
        for page in _rows(self._connection, _OBSERVATIONS, article_id):
            if page["is_entry"]:
                self.entries += 1
                continue
            key = (page["site"], page["page_kind"], page["page_id"])
            for revision in _rows(self._connection, _REVISIONS, *key):
                # Headers of the time are not known.
                unknown = {"content_type": None, "etag": None, "last_modified": None}
                self._add(page | unknown | {"gone_at": None} | revision)
            self._add(page)

    def _add(self, page: dict[str, Any]) -> None:
        try:
            body = load_raw_page(self._connection, page["page_hash"])
        except Pruned:
            self.pruned += 1
            return
        except KeyError:
            self.missing += 1
            return
        # Of a file the latest bytes are kept; of other pages the first of the same content.
        is_file = page["page_kind"] == PageKind.POST_FILE
        headers = {"WARC-Date": self._warc_date(page["last_seen_at" if is_file else "observed_at"])}
        uri = _uri(page["url"])
        resource = self._out.create_warc_record(
            uri, "resource", BytesIO(body), len(body), warc_headers_dict=dict(headers),
            warc_content_type=_line(page["content_type"] or "application/octet-stream"),
        )  # fmt: skip
        self._out.write_record(resource)
        headers["WARC-Refers-To"] = resource.rec_headers.get_header("WARC-Record-ID")
        told = _fields(page)
        self._out.write_record(
            self._out.create_warc_record(
                uri, "metadata", BytesIO(told), len(told), warc_headers_dict=headers
            )
        )
        self.pages += 1

    def _warc_date(self, time: str) -> str:
        return f"{moment(self._times.true(time)).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _rows(connection: sqlite3.Connection, sql: str, *parameters: str) -> Iterator[dict[str, Any]]:
    # All at once: no cursor stays open while pages are written.
    found = connection.execute(sql, parameters)
    names = [each[0] for each in found.description]
    yield from [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _fields(page: Mapping[str, Any]) -> bytes:
    """Return the block of a metadata record: ``application/warc-fields``."""
    lines = [
        f"{name}: {_line(value)}\r\n"
        for name, value in page.items()
        if value is not None and name not in _NOT_TOLD
    ]
    return "".join(lines).encode()


def _line(value: Any) -> str:
    """Return a text in one line: it must not begin another header."""
    return " ".join(escape_lines(str(value)).split())


def _uri(url: str) -> str:
    """Return a URL with all escaped that a URI does not allow."""
    return quote(url, safe="!#$%&'()*+,/:;=?@[]~", errors="replace")
