"""Prints what the docs say of the commands: ``python -m newscrawl.cli.docs [PART]``.

PART is ``cli`` (docs/cli.md, the default), ``commands`` or ``exit-codes`` (tables of README.md), or
``causes`` (a table of docs/faults.md);
``write`` writes them all, and docs/schema.md, into the checkout that is the present folder.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from newscrawl.cli import schema_docs
from newscrawl.cli.app import commands
from newscrawl.runs.doctor import diagnosis
from newscrawl.runs.outcome import Exit

WIDTH = 88


def cli() -> str:
    """Return docs/cli.md: the help of every command."""
    lines = ["# Commands", "", "Written by `python -m newscrawl.cli.docs`; do not edit.", ""]
    lines += ["Results go to standard output, all else to standard error. Exit codes:", ""]
    lines += [exit_codes()]
    for ctx in contexts():
        lines += [f"## {ctx.command_path}", "", "```text", ctx.command.get_help(ctx), "```", ""]
    return "\n".join(lines)


def command_table() -> str:
    """Return the table of commands for README.md."""
    lines = ["| command | does |", "| --- | --- |"]
    for ctx in contexts():
        if not isinstance(ctx.command, click.Group):
            words = " ".join(ctx.command.collect_usage_pieces(ctx)[1:])
            usage = f"{ctx.command_path} {words}".strip().replace("|", "\\|")
            lines.append(f"| `{usage}` | {ctx.command.get_short_help_str(200)} |")
    return "\n".join(lines) + "\n"


def exit_codes() -> str:
    """Return the table of exit codes for README.md."""
    lines = ["| exit code | means |", "| --- | --- |"]
    lines += [f"| {each.value} | {each.meaning} |" for each in Exit]
    return "\n".join(lines) + "\n"


def contexts() -> Iterator[click.Context]:
    """Yield a context of each command, groups before their members."""
    root = commands.make_context("newscrawl", [], resilient_parsing=True, terminal_width=WIDTH)
    yield from _below(root)


def _below(ctx: click.Context) -> Iterator[click.Context]:
    yield ctx
    if isinstance(ctx.command, click.Group):
        for name in ctx.command.list_commands(ctx):
            command = ctx.command.get_command(ctx, name)
            if command is not None:
                child = click.Context(command, ctx, info_name=name, terminal_width=WIDTH)
                yield from _below(child)


PARTS = {
    "cli": cli,
    "commands": command_table,
    "exit-codes": exit_codes,
    "causes": diagnosis.causes_as_markdown,
}


def write_docs(root: Path) -> None:
    """Write every document that code prints, in the checkout at *root*."""
    (root / "docs" / "cli.md").write_text(cli(), encoding="utf-8")
    (root / "docs" / "schema.md").write_text(schema_docs.schema_as_markdown(), encoding="utf-8")
    write_parts(root / "README.md", "commands", "exit-codes")
    write_parts(root / "docs" / "faults.md", "causes")


def write_parts(file: Path, *parts: str) -> None:
    """Write tables into a document, each between its marks."""
    text = file.read_text(encoding="utf-8")
    for part in parts:
        begin = f"newscrawl.cli.docs {part} -->\n"
        before, _, rest = text.partition(begin)
        text = before + begin + PARTS[part]() + rest[rest.index("<!-- end -->") :]
    file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] == ["write"]:
        write_docs(Path.cwd())
    else:
        sys.stdout.write(PARTS[sys.argv[1] if len(sys.argv) > 1 else "cli"]())
