"""``newscrawl config``: prints a settings file with every setting, or the settings that hold."""

from __future__ import annotations

import ast
import json
import tomllib
from collections.abc import Iterator, Mapping
from inspect import cleandoc, getsource
from itertools import pairwise
from typing import Any

import click

from newscrawl.cli.configured import configured, run_settings
from newscrawl.cli.options import example, json_option
from newscrawl.cli.output import print_table, safe_line, to_json
from newscrawl.cli.settings_file import BadSettings, Configured, fileable, own_file
from newscrawl.text.passwords import without_passwords

HEAD = """\
# Settings of newscrawl: each with its reason and, commented out, its default.
# The command line wins over the environment (the variables NEWSCRAWL_…), which wins over this file.
# No secret belongs here: addresses of services (NEWSCRAWL_ALERT_URLS) and proxies with a password
# (https_proxy) are read from the environment. "Default" in a reason is what Scrapy itself has.
"""
SITES = """\
# [NEWSCRAWL_SITES."www.example.org"]
# contact = "you@example.org"
# delay = 2.0
# proxy = "http://127.0.0.1:3128"
"""


@click.command("config", epilog=example("newscrawl config --show"))
@click.option(
    "--show", is_flag=True, help="Print the settings that hold, and where each comes from."
)
@json_option
def config_command(show: bool, as_json: bool) -> None:
    """Print a settings file with every setting, its reason and its default.

    Write it to newscrawl/newscrawl.toml in your configuration folder (~/.config, or
    $XDG_CONFIG_HOME; %APPDATA% on Windows), or name another one with `newscrawl --config FILE` or
    $NEWSCRAWL_CONFIG. No file of the current folder is read: a stranger's could run commands.
    """
    found = configured()
    if as_json or show:
        try:
            run_settings(found)
        except BadSettings as error:
            raise click.UsageError(safe_line(f"{error}.")) from None
        _show(found, as_json=as_json)
        return
    click.echo(template(), nl=False)


def _show(found: Configured, *, as_json: bool) -> None:
    defaults = fileable()
    rows = [
        {
            "name": name,
            "value": _without_secrets(found.values.get(name, defaults.get(name))),
            "from": found.sources.get(name, "default"),
        }
        for name in [*defaults, *(each for each in found.values if each not in defaults)]
    ]
    if as_json:
        click.echo(to_json({"file": str(found.file) if found.file else None, "settings": rows}))
        return
    where = found.file or f"none; yours would be {own_file()}"
    click.echo(safe_line(f"settings file: {where}"))
    printed = [(each["name"], _as_toml(each["value"]), each["from"]) for each in rows]
    print_table(("name", "value", "from"), printed, wide="value")


def _without_secrets(value: Any) -> Any:
    if isinstance(value, str):
        return without_passwords(value)
    return json.loads(without_passwords(json.dumps(value, ensure_ascii=False)))


def template() -> str:
    """Return the settings file, as the code and the comments of ``settings.py`` say it."""
    from newscrawl import settings

    text = getsource(settings)
    allowed, lines, tree = fileable(), text.splitlines(), ast.parse(text).body
    parts = [HEAD]
    for node, following in zip(tree, [*tree[1:], None], strict=True):
        name = _name_of(node)
        if name not in allowed or name == "NEWSCRAWL_SITES":
            continue
        reason = [*_above(lines, node), *_beside(lines, node), *_docstring(following)]
        parts.append(_entry(name, allowed[name], reason))
    [about] = [
        _docstring(following)
        for node, following in pairwise(tree)
        if _name_of(node) == "NEWSCRAWL_SITES"
    ]
    return "\n".join([*parts, "".join(f"# {line}\n" for line in about) + SITES])


def _entry(name: str, default: Any, reason: list[str]) -> str:
    written = f"{name} = {_as_toml(default)}"
    tomllib.loads(written)  # what is printed can be read
    return "".join(f"# {line}\n" for line in reason) + f"# {written}\n"


def _name_of(node: ast.stmt) -> str:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
        case _:
            return ""


def _above(lines: list[str], node: ast.stmt) -> Iterator[str]:
    """Yield the comment above a setting."""
    first = end = node.lineno - 1
    while lines[first - 1].startswith("# ") and not lines[first - 1].startswith("# --"):
        first -= 1
    yield from (line.removeprefix("# ") for line in lines[first:end])


def _beside(lines: list[str], node: ast.stmt) -> Iterator[str]:
    """Yield the comment behind a setting on one line."""
    assert node.end_col_offset is not None  # noqa: S101  the parser sets it
    assert node.end_lineno is not None  # noqa: S101
    rest = lines[node.end_lineno - 1].encode()[node.end_col_offset :].decode().strip()
    if rest:
        yield rest.removeprefix("# ")


def _docstring(node: ast.stmt | None) -> Iterator[str]:
    """Yield the lines of the text below a setting."""
    match node:
        case ast.Expr(value=ast.Constant(value=str(text))):
            yield from cleandoc(text).splitlines()


def _as_toml(value: Any) -> str:
    match value:
        case Mapping():
            pairs = (f"{json.dumps(str(key))} = {_as_toml(each)}" for key, each in value.items())
            return f"{{ {', '.join(pairs)} }}" if value else "{}"
        case list() | tuple():
            return f"[{', '.join(map(_as_toml, value))}]"
        case _:
            return json.dumps(value, ensure_ascii=False)
