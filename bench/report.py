"""Prints the results into docs/benchmarks.md: tables, what each goal came to, and plots.

In the document each part stands between ``<!-- bench: NAME -->`` and ``<!-- end -->``; what is
between is this module's, the rest is prose.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from bench import results

DOCUMENT = "docs/benchmarks.md"
_PART = re.compile(r"(<!-- bench: ([a-z-]+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
Result = dict[str, Any]


def write(root: Path) -> int:
    """Print the results into the document of a checkout, and draw its plots."""
    from bench import plots

    document = root / DOCUMENT
    document.write_text(rendered(document.read_text(encoding="utf-8")), encoding="utf-8")
    for name, draw in plots.PLOTS.items():
        found = [results.load(each) for each in plots.NEEDS[name]]
        if all(found):
            draw(*(each["measured"] for each in found if each), root / "docs" / name, mark(name))
    return 0


def check(root: Path) -> int:
    """Print what is stale; return 1 if anything is."""
    from bench import plots

    text = (root / DOCUMENT).read_text(encoding="utf-8")
    stale = [] if text == rendered(text) else [DOCUMENT]
    for name in plots.PLOTS:
        file = root / "docs" / name
        needed = all(results.load(each) for each in plots.NEEDS[name])
        if needed and not (file.exists() and mark(name) in file.read_text(encoding="utf-8")):
            stale.append(f"docs/{name}")
    if stale:
        print(f"stale: {', '.join(stale)}; python -m bench report", file=sys.stderr)
    return int(bool(stale))


def mark(plot: str) -> str:
    """Return what a plot bears, to tell whether it shows the present results."""
    from bench import plots

    found = [(results.load(each) or {}).get("measured") for each in plots.NEEDS[plot]]
    text = json.dumps(found, sort_keys=True)
    return "results " + hashlib.sha256(text.encode()).hexdigest()[:16]


def rendered(text: str, folder: Path = results.FOLDER) -> str:
    """Return the document with each part as the results in a folder have it."""

    def part(match: re.Match[str]) -> str:
        begin, name, _, end = match.groups()
        file, make = PARTS[name]
        result = results.load(file, folder)
        if result is None:
            return f"{begin}\nNot measured yet: `python -m bench {file}`.\n\n{end}"
        return f"{begin}\n{make(result)}\n\n{end}"

    return _PART.sub(part, text)


# -- words ------------------------------------------------------------------------------------


def how(result: Result) -> str:
    """Return the command and where it ran."""
    machine, versions = result["machine"], result["versions"]
    return (
        f"    {result['command']}\n\n"
        f"{result['date']}, {machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']} GB, "
        f"{machine['system']}; newscrawl {versions['newscrawl']}, Python {versions['python']}, "
        f"SQLite {versions['sqlite']}. {_idle(machine.get('idle_before'))}"
    )


def _idle(part: float | None) -> str:
    if part is None:
        return "Whether others used the machine is not known."
    if part < 0.9:
        return f"Others used the machine ({part:.0%} idle before it began): take only ratios."
    return f"Before it began the machine was idle ({part:.0%})."


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table; the first column is words, the others numbers."""
    lines = ["| " + " | ".join(heads) + " |", "| --- " + "| ---: " * (len(heads) - 1) + "|"]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    return "\n".join(lines)


def goal(what: str, value: float | None, bar: float, *, most: bool = False, unit: str = "") -> str:
    """Return what a goal came to: at least `bar`, or at `most`."""
    begin = f"- {what} {'≤' if most else '≥'} {bar:g}{unit}: "
    if value is None:
        return f"{begin}not measured."
    if value <= bar if most else value >= bar:
        return f"{begin}{_digits(value)}{unit}, reached."
    # Four digits: what is missed by little must not be rounded to what is reached.
    return f"{begin}**{value:,.4g}{unit}, missed by {abs(value / bar - 1):.1%}.**"


def _digits(value: float | None) -> str:
    """Return a number with three digits that mean something."""
    if value is None:
        return "–"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.3f}"


def _percent(value: float | None) -> str:
    if value is None:
        return "–"
    # 100 means all of them.
    return "100" if value == 1 else f"{min(value * 100, 99.9):.1f}"


def _missing(sides: dict[str, Result]) -> list[str]:
    return [
        f"- {found.get('about', name)}: {found['missing']}"
        for name, found in sides.items() if "missing" in found
    ]  # fmt: skip


# -- parts ------------------------------------------------------------------------------------


def crawl(result: Result) -> str:
    """The crawl beside others."""
    measured = result["measured"]
    sides = measured["sides"]
    rows = [
        [
            found["about"], _digits(found.get("speed")), _digits(found["pages_a_second"]),
            _digits(found["us_a_page"]), _digits(found["peak_mb"]),
            f"{found['runs'][-1]['requests']:,}", _stored(found),
        ]
        for found in sides.values() if found["runs"] and "missing" not in found
    ]  # fmt: skip
    heads = [
        "what", "speed", "pages/s", "µs of processor a page", "peak MB", "requests", "stored",
    ]  # fmt: skip
    mine = sides.get("newscrawl", {}).get("speed")
    tuned = sides.get("scrapy-tuned", {})
    lines = [
        how(result),
        f"{measured['pages']:,} posts of {measured['page_bytes']:,} bytes, by "
        f"{measured['served_by']}, cores: {measured['cores']}. Speed is that of Scrapy downloading "
        f"with stock settings, run by run, the median of {len(_first(sides)['runs'])}; the "
        "processor's time has start and end in it.",
        table(heads, rows),
        goal("speed of newscrawl", mine, 1.0),
    ]
    if tuned.get("runs") and sides.get("newscrawl", {}).get("runs"):
        mine_us, tuned_us = sides["newscrawl"]["us_a_page"], tuned["us_a_page"]
        lines.append(
            f"Of newscrawl's {_digits(mine_us)} µs a page, downloading alone takes "
            f"{_digits(tuned_us)} by Scrapy without a reactor; the guard, robots.txt, reading, "
            f"storing, indexing and the listings take the other {_digits(mine_us - tuned_us)}."
        )
    lines.append(_versions(sides))
    return _join(lines, _missing(sides))


def _stored(found: Result) -> str:
    stored = found["runs"][-1]["stored"]
    return "–" if stored is None else f"{stored:,}"


def _versions(sides: dict[str, Result]) -> str:
    versions = dict.fromkeys(found["version"] for found in sides.values() if "version" in found)
    return f"Versions: {', '.join(versions)}."


def _first(sides: dict[str, Result]) -> Result:
    return next(each for each in sides.values() if "missing" not in each)


def _join(lines: list[str], missing: list[str]) -> str:
    return "\n\n".join(lines + (["Not measured:\n\n" + "\n".join(missing)] if missing else []))


def reading(result: Result) -> str:
    """Reading pages: speed."""
    measured = result["measured"]
    sides = measured["sides"]
    made = measured["pages"]["made"]
    rows = [
        [
            _reader(name), _digits(found.get("speed")), _digits(found["pages_a_second"]),
            _digits(found["peak_mb"]), found["errors"],
        ]
        for name, found in sides.items() if found["seconds"] and "missing" not in found
    ]  # fmt: skip
    heads = ["what", "speed", "pages/s", "peak MB", "exceptions"]
    mine, other = (sides.get(each, {}).get("seconds") for each in ("newscrawl", "trafilatura"))
    goals = [
        goal("speed of newscrawl", sides.get("newscrawl", {}).get("speed"), 0.5),
        goal("times trafilatura", results.ratio(other, mine) if mine and other else None, 10),
    ]
    return _join(
        [
            how(result),
            f"{made['pages']:,} made pages of {made['bytes']:,} bytes, with every oddity. Speed is "
            f"that of bare lxml, the median of {len(_first(sides)['seconds'])} runs.",
            table(heads, rows),
            "\n".join(goals),
            _versions(sides),
        ],
        _missing(sides),
    )


def _reader(name: str) -> str:
    return {"lxml": "bare lxml XPath", "newspaper4k-zh": "newspaper4k, zh"}.get(name, name)


MARKS = {
    "title": "title", "time": "time with zone", "clock": "clock", "day": "day", "source": "source",
    "body": "body exact", "body_f1": "body F1", "body_empty": "body empty", "mentions": "mentions",
}  # fmt: skip


def exactness(result: Result) -> str:
    """Reading pages: what is right."""
    measured = result["measured"]
    parts = []
    for what, about in (("made", "made pages, with every oddity"), ("real", "real pages")):
        if what not in measured["pages"]:
            continue
        rows = [
            [_reader(name), *(_percent(found["marks"][what].get(mark)) for mark in MARKS)]
            for name, found in measured["sides"].items() if "marks" in found
        ]  # fmt: skip
        pages = measured["pages"][what]["pages"]
        parts += [f"{pages:,} {about}, right in so many of a hundred:",
                  table(["what", *MARKS.values()], rows)]  # fmt: skip
    return "\n\n".join(parts)


STAGES = {
    "first": "first run", "unchanged": "unchanged", "rebuilt": "rebuilt", "news": "with news",
}  # fmt: skip


def again(result: Result) -> str:
    """A second run."""
    measured = result["measured"]
    rows = []
    for found in measured["sides"].values():
        for stage, about in STAGES.items():
            row = found.get("stages", {}).get(stage)
            if row:
                news = ["", ""]
                if "new_found" in row:
                    news = [f"{row['new_found']} of {measured['news']}",
                            f"{row['edits_found']} of {measured['edits']}"]  # fmt: skip
                rows.append(
                    [f"{found['about']}: {about}", f"{row['requests']:,}",
                     f"{row['not_modified']:,}", f"{row['bytes']:,}",
                     _digits(row["median_seconds"]), *news]
                )  # fmt: skip
    heads = ["what", "requests", "of them 304", "bytes", "seconds", "new found", "edits found"]
    lines = [
        how(result),
        f"{measured['pages']:,} posts; then {measured['news']} new and {measured['edits']} edited "
        f"articles. Served by {measured['served_by']}. Seconds are those of the whole process, the "
        f"median of {measured['runs']} runs.",
        table(heads, rows),
        _versions(measured["sides"]),
    ]
    return _join(lines, _missing(measured["sides"]))


def growth(result: Result) -> str:
    """One archive as it grows."""
    measured = result["measured"]
    sizes, flat_ = measured["sizes"], measured["flat"]
    lines = [how(result)]
    heads = ["articles", *(f"{each['articles']:,}" for each in sizes)]

    def row(name: str, *keys: str, digits: bool = True) -> list[object]:
        found: list[Any] = list(sizes)
        for key in keys:
            found = [each.get(key) if each is not None else None for each in found]
        return [name, *(_digits(each) if digits else f"{each:,}" for each in found)]

    rows = [
        row("run without news, seconds", "unchanged", "seconds"),
        row("… its peak MB", "unchanged", "peak_mb"),
    ]
    for way in sizes[0]["search"]:
        for cut, name in (("median", "median"), ("p95", "95 %"), ("p99", "99 %")):
            rows.append(row(f"search, {way}, {name}, ms", "search", way, cut))
    rows += [row(f"`newscrawl {name}`, seconds", "commands", name) for name in sizes[0]["commands"]]
    for name in sizes[0]["exports"]:
        rows.append(row(f"export {name}, articles/s", "exports", name, "articles_a_second"))
        rows.append(row("… its peak MB", "exports", name, "peak_mb"))
    rows += [
        row("text, bytes an article", "size", "text", digits=False),
        row("archive without pages, bytes an article", "size", "rest", digits=False),
        row("… times the text", "size", "times_text"),
        row("stored pages, bytes an article", "size", "pages", digits=False),
        row("… before compression", "size", "pages_raw", digits=False),
        row("migration, seconds", "migration", "seconds"),
        row("… its peak MB", "migration", "peak_mb"),
    ]
    last = sizes[-1]
    biggest = ", ".join(f"{name} {size:,}" for name, size in last["size"]["tables"].items())
    ways = last["search"]
    goals = [
        goal("writing, last tenth over first", flat_["ratio"], 0.8),
        goal("archive without pages over text", last["size"]["times_text"], 3, most=True),
        goal("search, newest first, 95 %", ways["newest first"]["p95"], 20, most=True, unit=" ms"),
        goal("search, by rank, 95 %", ways["by rank"]["p95"], 20, most=True, unit=" ms"),
        goal("memory of a run without news, largest file over smallest",
             last["unchanged"]["peak_mb"] / sizes[0]["unchanged"]["peak_mb"], 1.1, most=True),
        goal("time of a run without news, largest file over smallest",
             last["unchanged"]["seconds"] / sizes[0]["unchanged"]["seconds"], 1.2, most=True),
    ]  # fmt: skip
    lines += [
        f"Written with the search index: {_digits(flat_['first'])} articles/s in the first tenth, "
        f"{_digits(flat_['last'])} in the last (by the processor's time "
        f"{_digits(flat_['first_processor'])} and {_digits(flat_['last_processor'])}), "
        f"{_digits(flat_['peak_mb'])} MB at most.",
        table(heads, rows),
        f"Of the largest file, bytes an article: {biggest}.",
        "\n".join(goals),
    ]
    return "\n\n".join(lines)


def search(result: Result) -> str:
    """Searches in one archive."""
    measured = result["measured"]
    ways = measured["ways"]
    rows = [
        [way, *(_digits(found[cut]) for cut in ("median", "p95", "p99", "worst"))]
        for way, found in ways.items()
    ]
    goals = [
        goal(f"search, {way}, 95 %", ways[way]["p95"], 20, most=True, unit=" ms")
        for way in ("newest first", "by rank")
    ]
    codes = measured["securities"]
    rows.append(
        [f"list, {codes['codes']} securities, of them {codes['mentioned']} mentioned",
         *(_digits(codes[cut]) for cut in ("median", "p95", "p99", "worst"))]
    )  # fmt: skip
    goals.append(
        goal(f"list, {codes['codes']} securities", codes["worst"], 100, most=True, unit=" ms")
    )
    return "\n\n".join(
        [
            how(result),
            f"{measured['articles']:,} articles, the index in {measured['pieces']} piece(s); "
            f"{ways['by rank']['queries']} queries had up to 10,000 hits.",
            table(["milliseconds", "median", "95 %", "99 %", "worst"], rows),
            "\n".join(goals),
        ]
    )


def flat(result: Result) -> str:
    """A long crawl."""
    measured = result["measured"]
    goals = [
        goal("peak memory", measured["peak_mb"], 200, most=True, unit=" MB"),
        goal("peak over that of the first tenth",
             measured["peak_mb"] / measured["tenth_mb"], 1.1, most=True),
    ]  # fmt: skip
    return "\n\n".join([how(result), _run_table(measured), "\n".join(goals)])


def load(result: Result) -> str:
    """Loading post files."""
    measured = result["measured"]
    goals = [goal("posts a second", measured["pages_a_second"], 2000)]
    return "\n\n".join([how(result), _run_table(measured), "\n".join(goals)])


def _run_table(measured: Result) -> str:
    names = {
        "pages": "pages", "pages_a_second": "pages/s, with start and end",
        "first_tenth": "pages/s, first tenth", "last_tenth": "pages/s, last tenth",
        "tenth_mb": "peak MB of the first tenth", "peak_mb": "peak MB",
        "archive_bytes_a_page": "archive, bytes a page, raw pages and index included",
    }  # fmt: skip
    return table(["what", ""], [[about, _digits(measured[name])] for name, about in names.items()])


def start(result: Result) -> str:
    """How soon commands start."""
    commands = result["measured"]["commands"]
    rows = [
        [f"`{name}`", f"{found['median']:.3f}", f"{found['slowest']:.3f}", found["times_python"]]
        for name, found in commands.items()
    ]
    heads = ["command", "median, seconds", "slowest", "times Python alone"]
    goals = [
        goal(f"`{name}`", commands[name]["median"], 0.25, most=True, unit=" s")
        for name in ("newscrawl --help", "newscrawl search")
    ]
    return "\n\n".join([how(result), table(heads, rows), "\n".join(goals)])


def polling(result: Result) -> str:
    """What polling by schedule saves."""
    rows = [
        [
            each["way"], f"{each['requests']:,}", f"{each['saved']:.1%}", each["missed"],
            f"{each['p50']:.1f} min", f"{each['p95']:.1f}", f"{each['p99']:.1f}",
            f"{each['worst']:.0f}",
        ]
        for each in result["measured"]["ways"]
    ]  # fmt: skip
    heads = ["way", "requests a year", "saved", "missed", "delay: median", "95 %", "99 %", "worst"]
    return f"    {result['command']}\n\n{table(heads, rows)}"


PARTS: dict[str, tuple[str, Callable[[Result], str]]] = {
    "crawl": ("crawl", crawl),
    "reading": ("reading", reading),
    "exactness": ("reading", exactness),
    "again": ("again", again),
    "growth": ("growth", growth),
    "search": ("search", search),
    "flat": ("flat", flat),
    "load": ("load", load),
    "start": ("start", start),
    "polling": ("polling", polling),
}
"""Parts of the document: the result that each is of, and what makes it."""
