"""The tables of docs/misbehaviours.md."""

from __future__ import annotations

import re
from pathlib import Path

from misbehaviours import ALONE, GROUPS
from misbehaviours.making import Row

DOC = Path(__file__).parents[2] / "docs" / "misbehaviours.md"


def as_markdown() -> str:
    """Return the tables of docs/misbehaviours.md."""
    lines: list[str] = []
    for group in GROUPS:
        lines += [f"### {group.title}", "", "| the server answers | it ends |", "| --- | --- |"]
        lines += [f"| {_cell(row.about)} | {_cell(_end(row))} |" for row in group.rows]
        lines.append("")
    for title, rows in ALONE.items():
        lines += [
            f"### {title}",
            "",
            "| the server answers | the run ends | says |",
            "| --- | --- | --- |",
        ]
        for each in rows:
            said = f"…{_cell(each.says)}…" if each.says else ""
            lines.append(
                f"| {_cell(each.about)} | {each.exit.name.lower()} ({each.exit.value}) | {said} |"
            )
        lines.append("")
    return "\n".join(lines[:-1]) + "\n"


_KEPT = {
    "exact": "stored as it is",
    "words": "stored, with all its words and more",
    "title": "stored, its title alone",
}


def _end(row: Row) -> str:
    match row.end:
        case "stored":
            return _KEPT[row.kept]
        case "rejected":
            return f"rejected: {row.says}"
        case "failed" | "lost":
            return f"{row.end}: {row.says}"
        case "open":
            return "read, and to be read again: not all of it was taken"
        case _:
            return row.end


def _cell(text: str) -> str:
    return re.sub(r"([|<>*_`\\\[\]])", r"\\\1", text)


def written() -> str:
    """Return the tables as the doc has them."""
    match = re.search(
        r"<!-- misbehaviours: .*? -->\n\n(.*?)\n<!-- end -->",
        DOC.read_text(encoding="utf-8"),
        re.DOTALL,
    )
    return match[1] if match else ""
