"""Draws plots into files with matplotlib: the extra ``plot``."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

from newscrawl.archive.plots import Covered, DayCount, Delays, top_sources

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from newscrawl.archive.mentions import Mentioned

SOURCES = 6
"""Number of sources with a colour of their own."""
COLOURS = ("#a1341f", "#d98b4a", "#5b7f95", "#8aa66b", "#8b6b9e", "#c9b458")
REST, INK, SOFT = "#c9c4ba", "#1d1c1a", "#6f6a62"
WATCHED, GAP, UNWATCHED = "#8aa66b", "#a1341f", "#eeebe4"

FONTS = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei",
    "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Noto Sans CJK JP", "Droid Sans Fallback", "SimHei",
)  # fmt: skip
_FILES = ("NotoSansCJK", "NotoSansSC", "SourceHanSans", "PingFang", "msyh", "wqy", "simhei")


@cache
def chinese_font() -> str | None:
    """Return an installed font that has Chinese characters; None where there is none."""
    if not _known_font():
        # Matplotlib keeps a list, which may be older than the font.
        for path in font_manager.findSystemFonts():
            if Path(path).name.startswith(_FILES):
                font_manager.fontManager.addfont(path)
    return _known_font()


def _known_font() -> str | None:
    installed = {font.name for font in font_manager.fontManager.ttflist}
    return next((name for name in FONTS if name in installed), None)


def draw_articles(days: Sequence[DayCount], file: Path, *, title: str) -> None:
    """Draw the articles of each day, by source if there is a font for their names."""
    figure, axes = _new(title, "articles per day")
    font = chinese_font()
    names = top_sources(days, SOURCES) if font else []
    ground = [0] * len(days)
    for name, colour in zip(names, COLOURS, strict=False):
        heights = [each.sources.get(name, 0) for each in days]
        axes.bar(range(len(days)), heights, bottom=ground, color=colour, label=name, width=0.85)
        ground = [below + height for below, height in zip(ground, heights, strict=True)]
    rest = [each.articles - below for each, below in zip(days, ground, strict=True)]
    axes.bar(range(len(days)), rest, bottom=ground, color=REST if names else COLOURS[0],
             label="all others", width=0.85)  # fmt: skip
    if names:
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False, reverse=True,
                    prop={"family": _families(), "size": 9})  # fmt: skip
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    _day_axis(axes, [each.day for each in days])
    _save(figure, file)


def draw_mentions(found: Sequence[Mentioned], file: Path, *, title: str) -> None:
    """Draw a line for each security: the articles of each day that mention it."""
    figure, axes = _new(title, "articles per day")
    font = chinese_font()
    for number, each in enumerate(found):
        colour = COLOURS[number % len(COLOURS)]
        style = ("-", "--", ":", "-.")[number // len(COLOURS) % 4]
        label = each.label if font else each.security
        axes.plot(range(len(each.days)), list(each.days.values()), style, color=colour, label=label,
                  marker="o", markersize=3)  # fmt: skip
    if found:
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False,
                    prop={"family": _families(), "size": 9})  # fmt: skip
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        _day_axis(axes, list(found[0].days))
    _save(figure, file)


def draw_coverage(days: Sequence[Covered], file: Path, *, title: str) -> None:
    """Draw each hour of each day: watched, not watched, or with a gap."""
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    figure, axes = _new(title, "hour in China")
    states = ("watched", "gap", "unwatched")
    cells = [[states.index(each.hours[hour]) for each in days] for hour in range(24)]
    axes.pcolormesh(
        cells, cmap=ListedColormap([WATCHED, GAP, UNWATCHED]), vmin=0, vmax=2,
        edgecolors="white", linewidth=0.6,
    )  # fmt: skip
    axes.set_yticks([0, 6, 12, 18, 24], ["0:00", "6:00", "12:00", "18:00", "24:00"])
    axes.invert_yaxis()
    axes.grid(visible=False)
    axes.legend(
        handles=[
            Patch(color=WATCHED, label="watched in time"),
            Patch(color=GAP, label="something may be missing"),
            Patch(color=UNWATCHED, label="not watched"),
        ],
        loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False, fontsize=9,
    )  # fmt: skip
    axes.set_title(title, loc="left", fontsize=12, pad=28)
    _day_axis(axes, [each.day for each in days], offset=0.5)
    _save(figure, file)


def draw_delays(
    days: Sequence[Delays], histogram: Sequence[tuple[str, int]], file: Path, *, title: str
) -> None:
    """Draw how soon articles were seen: by day, and of all of them."""
    figure = Figure(figsize=(9, 6), layout="constrained")
    axes, below = figure.subplots(2, 1, height_ratios=[3, 2])
    _style(axes, title, "minutes after publication")
    places = range(len(days))
    for name, style, label in (("p90", "o--", "9 of 10"), ("median", "o-", "half")):
        minutes = [None if (v := getattr(each, name)) is None else v / 60 for each in days]
        points = [
            (at, value) for at, value in zip(places, minutes, strict=True) if value is not None
        ]
        axes.plot([at for at, _ in points], [max(value, 0.1) for _, value in points], style,
                  color=COLOURS[0] if name == "median" else COLOURS[1], label=label,
                  markersize=3.5)  # fmt: skip
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.yaxis.set_minor_locator(NullLocator())
    axes.legend(frameon=False, fontsize=9, title="seen within this time", title_fontsize=9)
    _day_axis(axes, [each.day for each in days])
    _style(below, "", "articles")
    below.bar([name for name, _ in histogram], [count for _, count in histogram],
              color=COLOURS[2], width=0.85)  # fmt: skip
    below.set_xlabel("seen at most so long after publication", fontsize=9, color=SOFT)
    _save(figure, file)


def _new(title: str, unit: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(9, 4), layout="constrained")
    axes = figure.subplots()
    _style(axes, title, unit)
    return figure, axes


def _style(axes: Axes, title: str, unit: str) -> None:
    axes.set_title(title, loc="left", fontsize=12, color=INK, fontfamily=_families())
    axes.set_ylabel(unit, fontsize=9, color=SOFT)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.grid(axis="y", color="#e4e0d8", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, labelsize=9, colors=SOFT)


def _families() -> list[str]:
    font = chinese_font()
    return [*([font] if font else []), "DejaVu Sans"]


def _day_axis(axes: Axes, days: Sequence[str], *, offset: float = 0) -> None:
    step = max(1, -(-len(days) // 8))
    places = list(range(0, len(days), step))
    axes.set_xticks([place + offset for place in places], [days[place] for place in places])
    axes.set_xlim(-0.6 + offset * 1.2, len(days) - 0.4 - offset * 1.2)


def _save(figure: Figure, file: Path) -> None:
    # Words stay words in an SVG: they can be searched, and read aloud.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "newscrawl"}):
        figure.savefig(file, dpi=150, metadata={"Date": None} if file.suffix == ".svg" else None)
