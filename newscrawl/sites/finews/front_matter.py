"""Reads a post file's front matter, the lines between its dashes, as the mirror's script writes it.

A YAML parser would fail: the script escapes nothing, so a line whose title has a quote is not YAML.
Each line is read by itself. A value that is a whole quoted scalar of YAML means what YAML
says, which is also what the site's build shows; else a title is what stands between the first and
the last quote of its line, and any other value is the rest of its line. Lists, which the script
does not write, are read as YAML: see :mod:`newscrawl.sites.finews.yaml_list`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from newscrawl.sites.errors import Unreadable
from newscrawl.sites.finews.yaml_list import read_list

KEYS = frozenset(("layout", "title", "date", "categories", "tags"))
"""The keys that the script writes."""
LIST_KEYS = frozenset(("categories", "tags"))
"""Those whose value may be a list."""
MAX_LINES = 40
"""The script writes five lines: what goes on beyond this has lost its end."""

_END = re.compile(r"^(?:---|\.\.\.)[ \t]*$", re.MULTILINE)
_LINE = re.compile(r"([A-Za-z_][\w-]*):(?:[ \t]+(.*))?", re.ASCII | re.DOTALL)
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
_OPEN_TITLE = re.compile(r'title:[ \t]+"(?:|.*[^"\s]\s*)')
_COMMENT = re.compile(r"(?:^|[ \t])#.*")


@dataclass(slots=True)
class FrontMatter:
    """What the lines between the dashes say."""

    values: dict[str, str] = field(default_factory=dict)
    """The value of each key of KEYS, unquoted; keys without a value are not there."""
    lists: dict[str, list[str]] = field(default_factory=dict)
    """The values of keys of LIST_KEYS that have a list."""
    unknown: list[str] = field(default_factory=list)
    """Other keys, and ``line`` for each line that belongs to a list or the like."""


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
    if end is None or len(lines) > MAX_LINES:
        if _LINE.match(rest) is None:
            raise Unreadable(
                "not_a_post", f"--- is followed by {rest[:60]!r}; expected a post's front matter"
            )
        raise Unreadable("cut_off", f"the front matter has no second --- within {MAX_LINES} lines")
    return _read(lines), rest[end.end() :]


def _read(lines: list[str]) -> FrontMatter:
    found = FrontMatter()
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None or match[1] not in KEYS:
            return _read_others(_joined(lines))
        if match[1] in LIST_KEYS and _may_be_list(match):
            return _read_others(_joined(lines))
        if value := scalar(match[2] or ""):
            found.values[match[1]] = value
    return found


def _read_others(lines: list[str]) -> FrontMatter:
    """Read lines that the script does not write, among them."""
    found = FrontMatter()
    for line in _without_lists(lines, found):
        match = _LINE.fullmatch(line)
        if not line.strip() or line.startswith("#"):
            continue
        if match is None:
            if line[0] not in " \t-":
                raise Unreadable(
                    "cut_off",
                    f"the front matter holds {line[:60]!r}, which is not a key and value: its end "
                    "is missing",
                )
            found.unknown.append("line")
        elif match[1] not in KEYS:
            found.unknown.append(match[1])
        elif value := scalar(match[2] or ""):
            found.values[match[1]] = value
    return found


def _may_be_list(match: re.Match[str]) -> bool:
    value = (match[2] or "").lstrip()
    return not value or value.startswith(("[", "#"))


def _without_lists(lines: list[str], found: FrontMatter) -> list[str]:
    """Return the lines that belong to no list; put the lists into what is *found*."""
    rest: list[str] = []
    at = 0
    while at < len(lines):
        end = at + 1
        match = _LINE.fullmatch(lines[at])
        if match is not None and match[1] in LIST_KEYS and _may_be_list(match):
            while end < len(lines) and (not lines[end].strip() or lines[end][0] in " \t-#]"):
                end += 1
            values = read_list("\n".join(lines[at:end]), match[1])
            if values is not None:
                found.lists[match[1]] = values
                at = end
                continue
            end = at + 1
        rest.append(lines[at])
        at = end
    return rest


def _joined(lines: list[str]) -> list[str]:
    """Join a quoted title that goes on over several lines, by spaces as YAML does."""
    joined: list[str] = []
    for line in lines:
        match = _LINE.fullmatch(line)
        is_new = match is not None and match[1] in KEYS
        if joined and not is_new and _OPEN_TITLE.fullmatch(joined[-1]):
            joined[-1] += f" {line.strip()}"
        else:
            joined.append(line)
    return joined


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
