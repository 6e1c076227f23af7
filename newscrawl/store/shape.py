"""Compares the schema of a file with that of an archive: tables, indexes, views, no triggers.

Known from ``sqlite_schema`` alone, which is read without running anything of the file. What each
schema version makes is known by a fingerprint, so that opening costs a millisecond. Where the
fingerprint is another one, the migrations make the pattern in memory, and the two are compared.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Literal, NamedTuple

from newscrawl.store.errors import Altered
from newscrawl.store.schema import SCHEMA_VERSION, TABLES, VIEWS

FINGERPRINTS = {
    1: "b3adb802f6548b92",
}
"""Of what the migrations make of each version, as ``python -m newscrawl.store.shape`` prints it.

Only a shortcut: an archive with another fingerprint is compared with the pattern itself."""

MOST = 10_000
"""Maximum number of objects in an archive, including the user's own; all are compared."""

INDEXES = ("articles_fts", "articles_characters")
_SHADOWS = {
    f"{index}_{part}": index
    for index in INDEXES
    for part in ("data", "idx", "docsize", "config", "content")
}
"""The tables that FTS5 keeps an index in."""
_MIGRATIONS = "_sqlite_migrations"
OURS = frozenset(
    each.encode()
    for each in (
        *(t.name for t in TABLES),
        *(v.name for v in VIEWS),
        *INDEXES,
        *_SHADOWS,
        _MIGRATIONS,
    )
)

_TOKENS = re.compile(
    rb"""'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]?|[\w$\x80-\xff]+|\S"""
)

Kind = Literal["table", "virtual table", "view", "index", "trigger", "something else"]
_KINDS: dict[bytes, Kind] = {
    b"table": "table", b"virtual": "virtual table", b"view": "view", b"index": "index",
    b"unique": "index", b"trigger": "trigger",
}  # fmt: skip


class Made(NamedTuple):
    """A table, index, view or trigger, as its SQL says: the other columns could say anything."""

    kind: Kind
    name: bytes
    table: bytes
    """The table that an index or trigger is on; of the others their own name."""
    sql: tuple[bytes, ...]
    """Its tokens; names without quotes and in small letters."""


class Difference(NamedTuple):
    """Something that is not as newscrawl makes it."""

    kind: Literal["missing", "changed", "added"]
    what: Kind
    name: str
    table: str
    said: str
    """Half a sentence, for example ``the trigger t on articles is not newscrawl's``."""

    @property
    def can_repair(self) -> bool:
        """Whether ``check --repair`` mends it without a row of a table being lost."""
        return self.what in ("index", "view", "trigger") or self.name in (*INDEXES, *_SHADOWS)


def check_for_reading(connection: sqlite3.Connection, version: int, path: Path) -> None:
    """Refuse an archive in which something else stands where newscrawl's own is read.

    An added trigger or index does not affect readers.

    :raises Altered: it is one.
    """
    found = differences(connection, version)
    _refuse([each for each in found if _is_read(each)], path)


def check_for_writing(connection: sqlite3.Connection, version: int, path: Path) -> None:
    """Refuse an archive that is not as newscrawl made it; see :func:`check_for_reading`.

    What is only missing and can be made again is left to ``newscrawl verify --repair``.

    :raises Altered: it is one.
    """
    found = differences(connection, version)
    _refuse([each for each in found if _is_read(each) or each.kind == "added"], path)


def _is_read(each: Difference) -> bool:
    return each.kind == "changed" or (each.kind == "missing" and not each.can_repair)


def _refuse(found: list[Difference], path: Path) -> None:
    if not found:
        return
    if lost := [each.name for each in found if each.kind == "missing"]:
        raise Altered(
            f"{path} has lost {', '.join(lost)}: the schema was altered. "
            "Nothing was written; restore a copy that `newscrawl backup` made."
        )
    more = f", and {len(found) - 3} more" if len(found) > 3 else ""
    said = "; ".join(each.said for each in found[:3])
    advice = (
        "`newscrawl verify --repair` mends that, after it has copied the archive."
        if all(each.can_repair for each in found)
        else "Undo the change with the program that made it, or restore a copy that "
        "`newscrawl backup` made."
    )
    raise Altered(
        f"{path} is not as newscrawl made it: {said}{more}. Nothing was written. {advice}"
    )


def differences(connection: sqlite3.Connection, version: int) -> list[Difference]:
    """Return in what an archive of schema *version* is not as newscrawl makes it.

    Tables, views and indexes of the user's own are left out, and so is a plain index on a table of
    newscrawl's.

    :raises sqlite3.Error: ``sqlite_schema`` cannot be read.
    """
    found = _read(connection)
    strange = list(_contradictions(found))
    ours = [each for made, _, _ in found if (each := made) and _is_ours(each)]
    if not strange and fingerprint(ours) == FINGERPRINTS.get(version):
        return []
    return strange or list(_compare(ours, pattern(version), version))


Row = tuple[Made, bytes, int]
"""An object, the name that its row gives it, and its root page."""


def _read(connection: sqlite3.Connection) -> list[Row]:
    cursor = connection.cursor()
    cursor.row_factory = None
    rows = cursor.execute(
        "SELECT CAST(type AS BLOB), CAST(name AS BLOB), CAST(tbl_name AS BLOB),"
        " CAST(sql AS BLOB), rootpage FROM sqlite_schema LIMIT ?",
        (MOST + 1,),
    ).fetchall()
    return [
        (_made(sql, kind or b"", name or b"", table or b""), (name or b"").lower(), root)
        for kind, name, table, sql, root in rows
    ]


def _made(sql: bytes | None, kind: bytes, name: bytes, table: bytes) -> Made:
    if sql is None:  # an index that SQLite makes for a key
        what: Kind = "index" if kind == b"index" else "something else"
        return Made(what, name.lower(), table.lower(), ())
    raw = _TOKENS.findall(sql)
    words = [each.lower() for each in raw[:4]]
    said = _KINDS.get(words[1], "something else") if len(words) == 4 else "something else"
    at = 3 if words[1:2] in ([b"virtual"], [b"unique"]) else 2
    tokens = tuple(map(_plain, raw))
    own = tokens[at].strip(b"'") if len(tokens) > at else b""
    on = _table_of(raw, tokens) if said in ("index", "trigger") else own
    return Made(said, own, on, tokens)


def _plain(token: bytes) -> bytes:
    """Return a token without the quotes of a name, in small letters; a text stays as it is."""
    quote = token[:1]
    if quote == b"'":
        return token
    name = token[1:-1].replace(quote * 2, quote) if quote in (b'"', b"`", b"[") else token
    return name.lower()


def _table_of(raw: list[bytes], tokens: tuple[bytes, ...]) -> bytes:
    """Return the table that stands behind the first ON, which is never a name without quotes."""
    at = next((n for n, each in enumerate(raw) if each.lower() == b"on"), len(raw))
    names = (*tokens[at + 1 : at + 4], b"", b"", b"")
    return names[2] if names[1] == b"." else names[0]


def _contradictions(found: list[Row]) -> Iterator[Difference]:
    """Yield what can only be made by editing ``sqlite_schema`` directly."""
    if len(found) > MOST:
        yield _strange(found[-1][0], f"it has more than {MOST:,} tables, indexes and views")
    names: set[tuple[bool, bytes]] = set()
    roots: set[int] = set()
    for made, name, root in found:
        key = made.kind == "trigger", name
        if key in names:
            yield _strange(made, f"there are two of the name {_text(name)}")
        if made.name != name:
            yield _strange(made, f"what is called {_text(name)} makes {_text(made.name)}")
        if root in roots:
            yield _strange(made, f"{_text(name)} lies where something else does")
        names.add(key)
        roots.update([root] if root else [])


def _is_ours(made: Made) -> bool:
    if _MIGRATIONS.encode() in (made.name, made.table):
        return made.kind not in ("table", "index")  # sqlite-utils' own
    return made.table in OURS or made.name in OURS


def fingerprint(made: Iterable[Made]) -> str:
    """Return a fingerprint of what an archive is made of, whatever its order, spaces and quotes."""
    return blake2b(repr(sorted(made)).encode(), digest_size=8).hexdigest()


@lru_cache
def pattern(version: int) -> tuple[Made, ...]:
    """Return what the migrations up to *version* make."""
    with closing(empty(version)) as connection:
        made = tuple(each for each, _, _ in _read(connection) if _is_ours(each))
    return made


def empty(version: int) -> sqlite3.Connection:
    """Return an empty archive of schema *version*, in memory."""
    from sqlite_utils import Database

    from newscrawl.store.migrations import migrations

    connection = sqlite3.connect(":memory:", isolation_level=None)
    db = Database(connection)
    later = {each.name for each in migrations.pending(db) if _number(each.name) > version}
    migrations.apply(db, stop_before=later)
    return connection


def _number(migration: str) -> int:
    """The schema that a migration makes: 4 for ``v4_plainer_tokenizer``."""
    return int(migration.partition("_")[0].removeprefix("v"))


def _compare(ours: list[Made], wanted: Iterable[Made], version: int) -> Iterator[Difference]:
    found = {(each.kind == "trigger", each.name): each for each in ours}
    for want in wanted:
        have = found.pop((False, want.name), None)
        if have is None:
            if not _went_with_its_table(want, ours):
                yield _missing(want)
        elif have != want:
            yield _changed(have, want)
    for each in found.values():
        if each.kind == "trigger":
            yield _added(
                each, f"the trigger {_text(each.name)} on {_text(each.table)} is not newscrawl's"
            )
        elif each.kind == "index" and each.name not in OURS:
            if not _is_plain_index(each):
                yield _added(
                    each, f"the index {_text(each.name)} on {_text(each.table)} is not newscrawl's"
                )
        else:
            yield _strange(each, f"schema {version} has no {each.kind} {_text(each.name)}")


def _went_with_its_table(want: Made, ours: list[Made]) -> bool:
    """Whether what is missing belongs to what is missing as well."""
    shadowed = _SHADOWS.get(_text(want.name)) if want.kind == "table" else None
    whole = shadowed.encode() if shadowed else want.table
    return whole != want.name and not any(each.name == whole for each in ours)


def others(connection: sqlite3.Connection) -> list[str]:
    """Return the names of what newscrawl did not make: tables, views and indexes of the user's."""
    theirs = (_MIGRATIONS.encode(), b"idx_" + _MIGRATIONS.encode(), b"sqlite_")
    return [
        _text(name)
        for made, name, _ in _read(connection)
        if not _is_ours(made) and not name.startswith(theirs)
    ]


def _is_plain_index(made: Made) -> bool:
    """Whether an index holds columns and nothing else: no rule for rows, nothing worked out."""
    begin = made.sql.index(b"(") if b"(" in made.sql else len(made.sql)
    inside = made.sql[begin + 1 : -1]
    return (
        made.sql[1:2] == (b"index",)
        and made.sql[-1:] == (b")",)
        and all(each == b"," or _text(each).isidentifier() for each in inside)
    )


def _missing(want: Made) -> Difference:
    return Difference(
        "missing", want.kind, _text(want.name), _text(want.table),
        f"the {_word(want)} {_text(want.name)} is missing",
    )  # fmt: skip


def _changed(have: Made, want: Made) -> Difference:
    name = _text(want.name)
    if have.kind != want.kind:
        said = f"{name} is a {have.kind}, and should be a {want.kind}"
    else:
        at = next((n for n, (a, b) in enumerate(zip(have.sql, want.sql, strict=False)) if a != b),
                  min(len(have.sql), len(want.sql)))  # fmt: skip
        said = (
            f"the {_word(want)} {name} is not as newscrawl makes it (it has"
            f" {_shown(have.sql[at:])} where {_shown(want.sql[at:])} should be)"
        )
    return Difference("changed", want.kind, name, _text(want.table), said)


def _word(made: Made) -> str:
    return "table" if made.kind == "virtual table" else made.kind


def _added(made: Made, said: str) -> Difference:
    return Difference("added", made.kind, _text(made.name), _text(made.table), said)


def _strange(made: Made, said: str) -> Difference:
    return Difference("changed", "something else", _text(made.name), _text(made.table), said)


def _shown(tokens: tuple[bytes, ...]) -> str:
    text = " ".join(_text(each) for each in tokens[:6])
    return f"`{text[:60]}`" if tokens else "nothing"


def _text(name: bytes) -> str:
    return name[:100].decode(errors="replace")


if __name__ == "__main__":
    for each in range(1, SCHEMA_VERSION + 1):
        print(f'    {each}: "{fingerprint(pattern(each))}",')
