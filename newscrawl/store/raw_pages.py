"""Stores the raw bytes of pages: once, compressed, by their hash."""

from __future__ import annotations

import hashlib
import sqlite3
import sys
from collections.abc import Mapping

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

from newscrawl.items import Page
from newscrawl.store.errors import Damaged, Pruned
from newscrawl.store.parts import in_parts

_COMPRESSOR = zstd.ZstdCompressor(level=3)
"""Made once, and not for each page (20 µs a page, not 30). Level 6 takes 52 µs and saves 3 %; 9
takes 112 and saves no more."""


LARGEST = 64 << 20
"""Bytes that are unpacked at most: no page that is fetched or loaded has a third of it, and an
archive that a stranger made may hold a few KB that unpack to all there is."""


def page_hash(body: bytes) -> str:
    """Return the key under which *body* is stored: BLAKE2b of 16 bytes, in hex."""
    return hashlib.blake2b(body, digest_size=16).hexdigest()


def store_raw_page(connection: sqlite3.Connection, page: Page) -> str:
    """Store the bytes of *page* unless they are there; return their hash."""
    key = page_hash(page.body)
    store_raw_pages(connection, {key: page})
    return key


def store_raw_pages(connection: sqlite3.Connection, pages: Mapping[str, Page]) -> None:
    """Store the bytes of pages, given by their hashes, where they are not there, or were pruned."""
    there: set[str] = set()
    for marks, part in in_parts(list(pages)):
        sql = f"SELECT hash FROM raw_pages WHERE pruned_at IS NULL AND hash IN ({marks})"  # noqa: S608
        found = connection.execute(sql, part)
        there.update(key for (key,) in found)
    connection.executemany(
        "INSERT INTO raw_pages (hash, page_kind, size, stored_size, encoding, bytes)"
        " VALUES (?, ?, ?, ?, 'zstd', ?) ON CONFLICT (hash) DO UPDATE SET pruned_at = NULL,"
        " size = excluded.size, stored_size = excluded.stored_size,"
        " encoding = excluded.encoding, bytes = excluded.bytes",
        (
            (key, page.kind, len(page.body), len(stored := _compress(page.body)), stored)
            for key, page in pages.items()
            if key not in there
        ),
    )


def _compress(body: bytes) -> bytes:
    return _COMPRESSOR.compress(body, zstd.ZstdCompressor.FLUSH_FRAME)


def load_raw_page(connection: sqlite3.Connection, key: str) -> bytes:
    """Return the bytes stored under *key*.

    :raises KeyError: there are none.
    :raises Pruned: they were removed.
    :raises Damaged: they cannot be unpacked, are too many, or are other ones.
    """
    sql = "SELECT bytes, pruned_at FROM raw_pages WHERE hash = ?"
    row = connection.execute(sql, (key,)).fetchone()
    if row is None:
        raise KeyError(key)
    if row[1] is not None:
        raise Pruned(f"The bytes under {key} were pruned at {row[1]}.")
    try:
        body = zstd.ZstdDecompressor().decompress(row[0], LARGEST + 1)
    except zstd.ZstdError as error:
        raise Damaged(f"The bytes under {key} cannot be unpacked: {error}.") from error
    if len(body) > LARGEST:
        raise Damaged(f"The bytes under {key} unpack to more than {LARGEST >> 20} MB.")
    if page_hash(body) != key:
        raise Damaged(f"The bytes under {key} are other ones.")
    return body
