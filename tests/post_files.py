"""Post files in folders, archives and git checkouts, and whole loads of them."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from crawls import FAST, assert_balanced, ledger
from scrapy.crawler import AsyncCrawlerRunner

from newscrawl.runs.outcome import Outcome
from newscrawl.runs.process import settings_for
from newscrawl.runs.run import run_of

Files = list[tuple[str, bytes]]
NAME = "_posts/2022-05-30-NW202205302396671645.md"


def post(text: str = "一段。", date: str = "2022-05-30 22:00:29 +0800") -> bytes:
    """Return a short post file."""
    return (
        f'---\nlayout: post\ntitle: "标题"\ndate: {date}\ncategories: quanzhouwanbao\n'
        f"tags: 泉州晚报新闻\n---\n<p>{text}</p>\n\n"
        "[返回泉州晚报新闻](//finews.withounder.com/category/quanzhouwanbao.html)｜"
        "[返回首页](//finews.withounder.com/)\n"
    ).encode()


async def load(
    db: Path, *paths: Path, settings: Mapping[str, Any] | None = None, **arguments: str
) -> Outcome:
    """Load post files in this process; return how it ended."""
    runner = AsyncCrawlerRunner(settings_for(str(db), **{**FAST, **(settings or {})}))
    crawler = runner.create_crawler("posts")
    await runner.crawl(crawler, paths="\n".join(map(str, paths)), **arguments)
    outcome = run_of(crawler).outcome
    assert outcome is not None
    assert_balanced(ledger(db))
    return outcome


def counted(db: Path) -> dict[str, int]:
    """Return the counters of the last run that are not 0."""
    run = ledger(db)
    names = (
        "filtered",
        "scheduled",
        "failed",
        "rejected",
        "out_of_range",
        "unchanged",
        "new",
        "extended",
        "changed",
    )
    return {name: run[name] for name in names if run[name]}


def folder(path: Path, files: Iterable[tuple[str, bytes]]) -> Path:
    """Write files below a folder."""
    for name, body in files:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(body)
    return path


def tar(path: Path, files: Iterable[tuple[str, bytes]]) -> Path:
    """Write a .tar.gz, or what the name says."""
    packing = path.suffix.removeprefix(".")
    mode: Any = f"w:{packing}" if packing != "tar" else "w"
    with tarfile.open(path, mode) as archive:
        for name, body in files:
            member = tarfile.TarInfo(name)
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    return path


def zipped(path: Path, files: Iterable[tuple[str, bytes]]) -> Path:
    """Write a .zip."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files:
            archive.writestr(name, body)
    return path


def git(checkout: Path, *words: str, check: bool = True, **environment: str) -> str:
    """Run git in a folder; return what it printed."""
    made = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C", **environment}
    done = subprocess.run(
        ["git", "-C", str(checkout), "-c", "user.name=a", "-c", "user.email=a@example.org", *words],
        check=check, env=made, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return done.stdout.strip()


def commit(checkout: Path, at: str) -> None:
    """Commit everything in a folder, as of a time."""
    git(checkout, "init", "-q")
    git(checkout, "add", "-A")
    git(checkout, "commit", "-qm", "posts", GIT_COMMITTER_DATE=at, GIT_AUTHOR_DATE=at)
