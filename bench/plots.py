"""Draws the results: on no ground, in colours that can be read on white and on black."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, MINE, OTHERS, THIRD = "#808080", "#d9822b", "#5b8db8", "#6aa56a"


def _new(width: int, height: float, columns: int) -> tuple[Figure, list[Axes]]:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams.update({
        "svg.hashsalt": "newscrawl", "font.size": 9, "text.color": INK, "axes.edgecolor": INK,
        "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK,
    })  # fmt: skip
    figure = Figure(figsize=(width, height), layout="constrained")
    every = figure.subplots(1, columns, squeeze=False)[0]
    for axes in every:
        axes.spines[["top", "right"]].set_visible(False)
        axes.patch.set_alpha(0)
    return figure, list(every)


def _save(figure: Figure, file: Path, mark: str) -> None:
    figure.savefig(
        file, format="svg", transparent=True, metadata={"Date": None, "Description": mark}
    )


def speed(crawl: dict[str, Any], reading: dict[str, Any], file: Path, mark: str) -> None:
    """Bars: each side's speed, in crawling and in reading."""
    figure, (left, right) = _new(9, 3.4, 2)
    for axes, sides, heading, base in (
        (left, crawl["sides"], "a crawl; 1 is Scrapy that downloads and drops", 1.0),
        (right, reading["sides"], "reading pages; 1 is bare lxml", 1.0),
    ):
        shown = [(name, each["speed"]) for name, each in sides.items() if "speed" in each]
        shown.sort(key=lambda each: each[1])
        names = [name for name, _ in shown]
        colours = [MINE if name == "newscrawl" else OTHERS for name in names]
        bars = axes.barh(names, [value for _, value in shown], color=colours)
        axes.bar_label(bars, [f"{value:.3g}" for _, value in shown], padding=3, color=INK)
        axes.set_xscale("log")
        axes.xaxis.set_visible(False)  # each bar says its number
        axes.spines["bottom"].set_visible(False)
        axes.margins(x=0.2)
        axes.axvline(base, color=INK, linewidth=0.8, linestyle=":")
        axes.set_title(heading, fontsize=9)
    _save(figure, file, mark)


def growth(measured: dict[str, Any], file: Path, mark: str) -> None:
    """Lines over the number of articles: writing, searches, bytes."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    figure, (left, middle, right) = _new(10, 3, 3)
    if before := measured.get("before"):
        _growth_lines(before, (left, middle, right), "--", " before")
    _growth_lines(measured, (left, middle, right), "-", "")
    middle.axhline(20, color=INK, linewidth=0.8, linestyle=":")
    for axes, title in (
        (left, "written, articles/s"), (middle, "search, 95 % within, ms"),
        (right, "bytes an article"),
    ):  # fmt: skip
        axes.set(ylim=(0, None), xscale="log", xlabel="articles", title=title)
        axes.legend(frameon=False, labelcolor=INK, fontsize=7)
    for axes in (left, middle, right):
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    _save(figure, file, mark)


def _growth_lines(
    measured: dict[str, Any], every: tuple[Axes, Axes, Axes], style: str, more: str
) -> None:
    left, middle, right = every
    written, sizes = measured["written"], measured["sizes"]
    starts = [0, *(each[0] for each in written)]
    left.plot(
        [each[0] for each in written],
        [(each[0] - start) / each[1] for start, each in zip(starts, written, strict=False)],
        f".{style}", color=MINE if not more else INK, label=f"written{more}", markersize=3,
    )  # fmt: skip
    count = [each["articles"] for each in sizes]
    for way, colour in zip(("newest first", "by rank"), (MINE, OTHERS), strict=True):
        middle.plot(count, [each["search"][way]["p95"] for each in sizes], f"o{style}",
                    color=colour, label=f"{way}{more}", markersize=3)  # fmt: skip
    for name, colour in (("text", THIRD), ("rest", MINE), ("pages", OTHERS)):
        right.plot(count, [each["size"][name] for each in sizes], f"o{style}", color=colour,
                   label=f"{name}{more}", markersize=3)  # fmt: skip


def polling(measured: dict[str, Any], file: Path, mark: str) -> None:
    """Delay over requests."""
    figure, (axes,) = _new(7, 4, 1)
    everything, *curve, due = measured["ways"]
    axes.plot([each["requests"] for each in curve], [each["p95"] for each in curve], "o-",
              color=INK, label="learnt interval alone")  # fmt: skip
    for each in curve:
        axes.annotate(each["way"].rpartition(" up to ")[2], (each["requests"], each["p95"]),
                      textcoords="offset points", xytext=(6, 4), fontsize=8)  # fmt: skip
    axes.plot(everything["requests"], everything["p95"], "s", color=OTHERS, label=everything["way"])
    axes.plot(due["requests"], due["p95"], "D", color=MINE, label=due["way"])
    axes.set(xscale="log", yscale="log", xlabel="requests for listings in a year",
             ylabel="95th percentile of delay, minutes")  # fmt: skip
    axes.grid(alpha=0.3, which="both", color=INK)
    axes.legend(frameon=False, labelcolor=INK)
    _save(figure, file, mark)


PLOTS: dict[str, Callable[..., None]] = {
    "bench-speed.svg": speed, "bench-growth.svg": growth, "polling.svg": polling,
}  # fmt: skip
"""Each plot's file in docs/, and what draws it."""
NEEDS = {
    "bench-speed.svg": ("crawl", "reading"), "bench-growth.svg": ("growth",),
    "polling.svg": ("polling",),
}  # fmt: skip
"""The results that each is drawn from."""
