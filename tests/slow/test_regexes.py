"""Every regular expression of newscrawl takes time in proportion to its input, also the next one.

The patterns are found in the source, so a new one is tested without being named here. For each,
attacks are made from its own parts: what leads up to a repetition, the repetition a thousand times,
and an end that does not match.
"""

from __future__ import annotations

import ast
import importlib
import re
import time
from collections.abc import Iterator
from pathlib import Path
from re import _constants as ops  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
METHODS = ("match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer")

LENGTH = 20_000
"""Of an attack: what takes the square of it takes seconds, what is linear a millisecond."""
SHORT = range(16, 41, 4)
"""Of first attacks, growing: what doubles with each character would take for ever at LENGTH."""
SECONDS = 0.1
"""CPU time that none may take; the slowest takes a tenth (at LENGTH, on one core)."""

BUILT: dict[str, str] = {
    "newscrawl/text/sanitize.py:nfc": "sets of characters, and one of them repeated, as literals",
    "newscrawl/archive/search.py:_pattern": "the user's own words, escaped; separated by \\W+",
    "newscrawl/store/backup.py:_empty_beside": "the archive's own name, escaped, and a number",
    "newscrawl/cli/backup.py:_remove_old": "the archive's own name, escaped, and digits",
}
"""Functions that build a pattern from what they are given, and why it is linear."""


class Use(NamedTuple):
    """A pattern as the source uses it."""

    where: str
    pattern: re.Pattern[str]
    methods: tuple[str, ...]


# -- finding them -----------------------------------------------------------------------------


def uses() -> Iterator[Use]:
    """Give every pattern in newscrawl with the ways in which it is used."""
    for path in sorted((ROOT / "newscrawl").rglob("*.py")):
        yield from _uses_in(path, ast.parse(path.read_text(encoding="utf-8")))


def _uses_in(path: Path, tree: ast.Module) -> Iterator[Use]:
    name = path.relative_to(ROOT).as_posix()
    functions = [each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)]
    for node in ast.walk(tree):
        if not _is_regex_call(node):
            continue
        where = f"{name}:{node.lineno}"
        assigned = _assigned(tree, node)
        if assigned is not None:
            yield Use(f"{name}:{assigned}", _compiled(path, assigned), _methods(assigned))
        elif (text := _literal(node.args[0])) is not None:
            flags = _flags(node)
            yield Use(where, re.compile(text, flags), (node.func.attr,))
        else:
            around = [f.name for f in functions if f.lineno <= node.lineno <= (f.end_lineno or 0)]
            named = {f"{name}:{each}" for each in around}
            assert named & set(BUILT), f"{where} builds a pattern: name {named} in BUILT, and why"


def _is_regex_call(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "re"
        and node.func.attr in ("compile", *METHODS)
    )


def _assigned(tree: ast.Module, call: ast.AST) -> str | None:
    """The name of the module to which the call's pattern is given."""
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and statement.value is call:
            target = statement.targets[0]
            return target.id if isinstance(target, ast.Name) else None
    return None


def _compiled(path: Path, name: str) -> re.Pattern[str]:
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    pattern = getattr(importlib.import_module(module), name)
    assert isinstance(pattern, re.Pattern)
    return pattern


def _methods(name: str) -> tuple[str, ...]:
    """How a pattern is used, anywhere; in all ways where that cannot be seen."""
    sources = (path.read_text(encoding="utf-8") for path in (ROOT / "newscrawl").rglob("*.py"))
    found = {m for text in sources for m in re.findall(rf"\b{name}\.([a-z]+)\(", text)}
    return tuple(sorted(found & set(METHODS))) or METHODS


def _literal(node: ast.expr) -> str | None:
    try:
        value = ast.literal_eval(node)
    except ValueError:
        return None
    return value if isinstance(value, str) else None


def _flags(node: Any) -> int:
    text = " ".join(ast.unparse(each) for each in (*node.args[2:], *node.keywords))
    names = re.findall(r"re\.([A-Z]+)", text)
    return int(sum(getattr(re, each) for each in set(names)))


# -- attacking them ---------------------------------------------------------------------------


def attacks(pattern: re.Pattern[str], length: int) -> list[str]:
    """Return strings of a length, each made to cost the pattern much and to match in vain."""
    tree = parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG)
    pairs = list(dict.fromkeys([*_repeats(list(tree), ""), ("", _sample(list(tree)))]))
    found: dict[str, None] = {}
    for prefix, pump in pairs:
        for repeated in dict.fromkeys((pump, prefix, prefix + pump, pump[:1], " ", "\n")):
            if not repeated:
                continue
            for end in ("\x00", ""):
                room = max(1, (length - len(prefix)) // len(repeated))
                found[prefix + repeated * room + end] = None
    return list(found)


def _repeats(items: list[Any], before: str) -> Iterator[tuple[str, str]]:
    """Give what leads up to each repetition, and what it repeats."""
    for op, argument in items:
        if op in (ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT):
            _, most, inner = argument
            if most > 30:
                yield from ((before, one) for one in _samples(list(inner)))
            yield from _repeats(list(inner), before)
        elif op is ops.SUBPATTERN:
            yield from _repeats(list(argument[3]), before)
        elif op is ops.ATOMIC_GROUP:
            yield from _repeats(list(argument), before)
        elif op is ops.BRANCH:
            for branch in argument[1]:
                yield from _repeats(list(branch), before)
        before += _sample([(op, argument)])


def _samples(items: list[Any]) -> list[str]:
    """Return a text for each way through a pattern's first fork."""
    for place, (op, argument) in enumerate(items):
        rest = _sample(items[place + 1 :])
        if op is ops.BRANCH:
            return [_sample(list(branch)) + rest for branch in argument[1]]
        if op is ops.SUBPATTERN:
            return [each + rest for each in _samples(list(argument[3]))]
        if op is ops.IN:
            return [each + rest for each in _members(argument)]
    return [_sample(items)]


def _sample(items: list[Any]) -> str:
    """Return a text that the pattern matches, or nearly."""
    text = ""
    for op, argument in items:
        if op is ops.LITERAL:
            text += chr(argument)
        elif op is ops.NOT_LITERAL:
            text += "x" if argument != ord("x") else "y"
        elif op is ops.ANY:
            text += "x"
        elif op is ops.IN:
            text += _members(argument)[0]
        elif op in (ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT):
            text += _sample(list(argument[2])) * max(1, argument[0])
        elif op is ops.SUBPATTERN:
            text += _sample(list(argument[3]))
        elif op is ops.ATOMIC_GROUP:
            text += _sample(list(argument))
        elif op is ops.BRANCH:
            text += _sample(list(argument[1][0]))
        elif op is ops.ASSERT and argument[0] < 0:
            text += _sample(list(argument[1]))
    return text


_OF_CATEGORY = {
    ops.CATEGORY_SPACE: " ", ops.CATEGORY_DIGIT: "1", ops.CATEGORY_WORD: "a",
    ops.CATEGORY_NOT_SPACE: "x", ops.CATEGORY_NOT_DIGIT: "x", ops.CATEGORY_NOT_WORD: " ",
}  # fmt: skip


def _members(parts: list[Any]) -> list[str]:
    """Return characters that a set takes, one for each of its parts."""
    if parts[0][0] is ops.NEGATE:
        return [each for each in "x（ 1<" if not _takes(parts[1:], each)] or ["\x01"]
    found = []
    for op, argument in parts:
        if op is ops.LITERAL:
            found.append(chr(argument))
        elif op is ops.RANGE:
            found.append(chr(argument[0]))
        else:
            found.append(_OF_CATEGORY[argument])
    return found


def _takes(parts: list[Any], character: str) -> bool:
    code = ord(character)
    return any(
        code == argument if op is ops.LITERAL
        else argument[0] <= code <= argument[1] if op is ops.RANGE
        else _OF_CATEGORY[argument] == character
        for op, argument in parts
    )  # fmt: skip


def slowest(pattern: re.Pattern[str], methods: tuple[str, ...]) -> tuple[float, str]:
    """Return the CPU time of the costliest attack, and what it was; stop at one that fails."""
    worst = (0.0, "")
    for length in (*SHORT, 200, 1000, LENGTH):
        for text in attacks(pattern, length):
            for method in methods:
                taken = _seconds(pattern, method, text)
                if taken > SECONDS:  # the machine may have been busy with something else
                    taken = min(taken, _seconds(pattern, method, text))
                worst = max(worst, (taken, f"{method} of {text[:40]!r}…{text[-10:]!r}"))
                if taken > SECONDS:
                    return worst
    return worst


def _seconds(pattern: re.Pattern[Any], method: str, attack: str) -> float:
    is_of_bytes = isinstance(pattern.pattern, bytes)
    text: Any = attack.encode("latin-1", "replace") if is_of_bytes else attack
    began = time.process_time()
    if method in ("sub", "subn"):
        getattr(pattern, method)(text[:0], text)
    elif method == "finditer":
        for _ in pattern.finditer(text):
            pass
    else:
        getattr(pattern, "search" if method == "compile" else method)(text)
    return time.process_time() - began


ALL = list(uses())


@pytest.mark.parametrize("use", ALL, ids=lambda use: use.where)
def test_time_grows_with_the_text(use: Use) -> None:
    taken, attack = slowest(use.pattern, use.methods)
    assert taken < SECONDS, f"{use.pattern.pattern!r} takes {taken:.2f} s for {attack}"


def test_all_are_found() -> None:
    found = {use.where for use in ALL}
    assert len(found) > 80
    assert {
        "newscrawl/sites/eastmoney/source_line.py:_LABEL",
        "newscrawl/sites/eastmoney/info_code.py:_CODE",
        "newscrawl/cli/output.py:_UNIT",
    } <= found  # fmt: skip


@pytest.mark.parametrize(
    ("pattern", "method"),
    [
        (r"(a+)+$", "match"),
        (r"(?:a|aa)*b", "match"),
        # Those that newscrawl had until they were looked at:
        (r"\s*\n\s*", "sub"),
        (r"<title[^>]*>(.*?)</title", "search"),
        (r"(?:/\*.*?\*/)?\s*;?\s*(?:var\s+)?[A-Za-z_$][\w$.]*\s*[=(]\s*", "match"),
        (r"\s*\)?\s*;?\s*", "fullmatch"),
        (r"\[(返回.*?)\]\((.*)\)", "fullmatch"),
        (r"\s*年\s*|\s*月\s*(?=[0-9])", "sub"),
    ],
)
def test_the_check_finds_what_it_is_for(pattern: str, method: str) -> None:
    taken, _ = slowest(re.compile(pattern), (method,))
    assert taken > SECONDS
