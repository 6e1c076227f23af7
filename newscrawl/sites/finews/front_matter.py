"""Reads a post file's front matter, the lines between its dashes, as the mirror's script writes it.

A YAML parser would fail: the script escapes nothing, so a line whose title has a quote is not YAML.
Each key is read by itself, with the lines up to the next. A value that is a whole quoted scalar of
YAML means what YAML says, which is also what the site's build shows; else a title is what stands
between the first and the last quote of its line, and any other value is the rest of its line.
What the script does not write, such as lists and values over several lines, is read as YAML
first: see :mod:`newscrawl.sites.finews.yaml_value`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from newscrawl.sites.errors import Unreadable
from newscrawl.sites.finews.yaml_value import Value, read_value

KEYS = frozenset(("layout", "title", "date", "categories", "tags"))
"""The keys that the script writes."""
LIST_KEYS = frozenset(("categories", "tags"))
"""Those whose value may be a list."""
SINGULAR = {"category": "categories", "tag": "tags"}
"""Keys that Jekyll reads in place of those of LIST_KEYS; their text is one value."""
MAX_LINES = 40
"""The script writes five: more keys, or more lines that are not YAML, have lost their end."""

_END = re.compile(r"^(?:---|\.\.\.)[ \t]*$", re.MULTILINE)
_LINE = re.compile(
    r"([\"']?)(?P<key>[A-Za-z_][\w-]*)\1[ \t]*:(?:[ \t]+(?P<value>.*))?", re.ASCII | re.DOTALL
)
# How a list begins, what has an anchor or a tag, and a text in the lines that follow; or null. What
# the script writes bare begins so too, and then is hardly ever YAML: *ST甲新闻, [甲]乙新闻.
_YAML = re.compile(r"[\[&!|>]|(?:~|null|Null|NULL)[ \t]*(?:#.*)?$")
_DOUBLE_QUOTED = re.compile(
    r'"((?:[^"\\]++|\\(?:[0abt\tnvfre "/\\N_LP]'
    r"|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}))*+)\""
)
_SINGLE_QUOTED = re.compile(r"'((?:[^']++|'')*+)'")
_ESCAPE = re.compile(r"\\(x..|u....|U........|.)", re.DOTALL)
_ESCAPED = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r",
    "e": "\x1b", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip
_OPEN = re.compile(r'"(?:|.*[^"\s]\s*)')
_COMMENT = re.compile(r"(?:^|[ \t])#.*")


@dataclass(slots=True)
class FrontMatter:
    """What the lines between the dashes say."""

    values: dict[str, str] = field(default_factory=dict)
    """The value of each key of KEYS, unquoted; keys without a value are not there."""
    lists: dict[str, list[str]] = field(default_factory=dict)
    """The values of keys of LIST_KEYS that have a list."""
    unknown: list[str] = field(default_factory=list)
    """Other keys, and ``line`` for each line, or item of a list, that is not read."""


def split(text: str) -> tuple[FrontMatter, str]:
    """Return a post file's front matter and what follows it; blank lines before it are allowed.

    Raises Unreadable: ``not_a_post`` where there is none, ``cut_off`` where it never ends.
    """
    first, _, rest = text.lstrip().partition("\n")
    if first.rstrip() != "---":
        raise Unreadable(
            "not_a_post",
            f"the file begins with {first[:60]!r}; expected --- and a post's front matter",
        )
    end = _END.search(rest)
    lines = rest[: end.start()].splitlines() if end else []
    if (end is None or len(lines) > MAX_LINES) and _LINE.match(rest) is None:
        raise Unreadable(
            "not_a_post", f"--- is followed by {rest[:60]!r}; expected a post's front matter"
        )
    if end is None:
        raise Unreadable("cut_off", "the front matter has no second ---")
    return _read(lines), rest[end.end() :]


def _read(lines: list[str]) -> FrontMatter:
    entries = list(_entries(lines))
    if len(entries) > MAX_LINES:
        raise Unreadable("cut_off", f"the front matter goes on for {len(entries)} keys")
    found = FrontMatter()
    for entry in entries:
        _add(entry, found, is_long=len(lines) > MAX_LINES)
    return found


def _entries(lines: list[str]) -> Iterator[list[str]]:
    """Give each key's lines; those before the first key come first."""
    entry: list[str] = []
    is_open = False  # whether a quoted title goes on: what follows may look like a key
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None or (is_open and match["key"] not in KEYS):
            is_open = is_open and not line.rstrip().endswith('"')
        else:
            if entry:
                yield entry
            entry = []
            is_open = match["key"] == "title" and bool(_OPEN.fullmatch(match["value"] or ""))
        entry.append(line)
    if entry:
        yield entry


def _add(entry: list[str], found: FrontMatter, is_long: bool) -> None:
    """Add what a key's lines say to what is *found*."""
    match = _LINE.fullmatch(entry[0])
    if match is None:
        _add_lines(entry, found, is_long)
        return
    key, printed, more = match["key"], match["value"] or "", entry[1:]
    is_list = key in LIST_KEYS or key in SINGULAR
    value = read_value("\n".join(entry)) if more or _YAML.match(printed) else None
    if value is None or (value.texts is not None and not is_list):
        if key == "title" and _OPEN.fullmatch(printed) and not is_long:
            printed, more = " ".join([printed, *(each.strip() for each in more)]), []
        _add_lines(more, found, is_long)
        value = Value(scalar(printed))
    elif key not in KEYS and not is_list:
        _add_lines([f" {each}" for each in more], found, is_long=False)
    if key in KEYS or is_list:
        _put(key, value, found)
    else:
        found.unknown.append(key)


def _add_lines(lines: list[str], found: FrontMatter, is_long: bool) -> None:
    """Count lines that are not read, as those of a list below another key."""
    for line in lines:
        if not line.strip() or line[0] == "#":
            continue
        if is_long or line[0] not in " \t-":
            raise Unreadable(
                "cut_off",
                f"the front matter holds {line[:60]!r}, which is not a key and value: its end "
                "is missing",
            )
        found.unknown.append("line")


def _put(key: str, value: Value, found: FrontMatter) -> None:
    found.unknown += ["line"] * value.lost
    text = (value.text or "").strip()
    if key in SINGULAR and (text or value.texts):
        found.lists[SINGULAR[key]] = value.texts or [text]
    elif key in SINGULAR:
        return
    elif value.texts is not None:
        found.lists.setdefault(key, value.texts)
    elif text:
        found.values[key] = text


def scalar(text: str) -> str:
    """Return what a value means: quoted as YAML would, quoted badly, or bare up to a comment.

    ``"a \\"b\\" c"`` and ``"a "b" c"`` both mean ``a "b" c``.
    """
    value = text.strip()
    if value.startswith('"'):
        inner = value[1:-1]
        if len(value) > 1 and value.endswith('"') and '"' not in inner and "\\" not in inner:
            return inner
        if match := _DOUBLE_QUOTED.fullmatch(value):
            return _unescaped(match[1])
        last = value.rindex('"')
        return value[1:last] if last else value[1:]
    if match := _SINGLE_QUOTED.fullmatch(value):
        return match[1].replace("''", "'")
    return _COMMENT.sub("", value).rstrip() if "#" in value else value


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    text = _ESCAPE.sub(lambda match: _character(match[1]), text)
    # Writers of JSON escape a character beyond U+FFFF as two.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _character(escape: str) -> str:
    if len(escape) > 1:
        code = int(escape[1:], 16)
        return chr(code) if code <= 0x10FFFF else "\ufffd"
    return _ESCAPED.get(escape, escape)
