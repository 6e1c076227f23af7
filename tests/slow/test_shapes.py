"""Real post files, loaded and crawled as the pages that the site's build makes of them.

Their prose is replaced; markup, numbers, names, footers and dates are real, and each folder is a
commit. What is right is read from the files here, without a line of newscrawl's readers.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from crawls import Hands, crawl, query
from post_files import load
from samplesite.kramdown import quoted, spans
from samplesite.server import Answers, Folder, Server

from newscrawl.demo.layout import Head, Item, category_page, home_page, whole_page
from newscrawl.runs.outcome import Exit

Serving = Callable[[Answers], Server]
FRONT = re.compile(r"---\n(.*?)\n---\n(.*)", re.DOTALL)
LINK = re.compile(r"\[([^\]]*)\]\(([^)]*)\)")


TAIL = re.compile(r"（([^（），。0-9]*)）$")


@dataclass(frozen=True)
class File:
    """A post file, and what it says."""

    path: Path
    front: dict[str, str]
    blocks: list[str]

    @property
    def digits(self) -> str:
        return self.path.stem[11:].removeprefix("NW")

    @property
    def published(self) -> datetime:
        """In China's time, as the script wrote it."""
        return datetime.fromisoformat(self.front["date"][:19])

    @property
    def text(self) -> list[str]:
        """The blocks without links back and to the original, as markup."""
        return [each for each in self.blocks if not re.match(r"<http|\[返回", each)]

    @property
    def summary(self) -> str | None:
        first = self.text[0]
        if first.startswith("> "):
            return first[2:].strip()
        return first.strip() if not first.startswith("<") else None

    @property
    def lines(self) -> list[str]:
        """The lines of the body."""
        markup = "\n".join(each for each in self.text if not each.startswith("> "))
        markup = re.sub(r"<p[^>]*(?:display:none|em_media).*?</p>", "", markup, flags=re.DOTALL)
        markup = re.sub(r"</p ?>|<br ?/?>|</center>", "\n", re.sub(r"\s*\n\s*", " ", markup))
        lines = html.unescape(re.sub(r"<[^>]*>", "", markup)).split("\n")
        found = [" ".join(line.split()) for line in lines if line.strip()]
        if "<p" in markup:
            return found
        return [TAIL.sub("", line) for line in found]  # a summary alone names its source

    @property
    def source(self) -> str | None:
        markup = re.sub(r"<(?!p)[^>]*>", "", "".join(self.text))
        if found := re.search(r"文章来源：([^）]*)）", markup):
            return re.sub(r"<[^>]*>", "", found[1])
        tail = TAIL.search(self.summary or "")
        return tail[1] if tail else None

    @property
    def codes(self) -> set[tuple[str, str]]:
        markup = "".join(self.text)
        found = re.findall(
            r'class="(?:keytip|em_stock_key_common)" data-code="(\d+),(\w+)"', markup
        )
        return set(found)

    def page(self) -> tuple[str, str]:
        """The path and the text of its page: a time without an offset is taken for UTC."""
        is_late = "+0800" not in self.front["date"]
        printed = self.published + timedelta(hours=8) * is_late
        category = self.front["categories"]
        path = f"/{category}/{printed:%Y/%m/%d}/{self.path.stem[11:]}.html"
        title = self.front["title"].strip('"')
        section = (
            f"<small>(GMT+8, Asia/Shanghai, CST) {printed:%Y-%m-%d %H:%M:%S}</small>\n"
            f"<h1>{title}</h1>\n\n" + "\n\n".join(map(rendered, self.blocks)) + "\n\n"
            f"<small>tags: <em>{self.front['tags']}</em></small>\n"
        )
        when = f"{printed:%Y-%m-%dT%H:%M:%S}+08:00"
        return path, whole_page(Head(title, path, "BlogPosting", when), section)


def rendered(block: str) -> str:
    """A block as kramdown makes it HTML."""
    if block.startswith("> "):
        return quoted(block[2:].strip())
    if address := re.fullmatch(r"<(http[^>]*)>", block):
        return f'<p><a href="{address[1]}">{address[1]}</a></p>'
    if block.startswith("[返回"):
        anchors = LINK.sub(r'<a href="\2">\1</a>', block)
        return f"<p>{anchors}</p>"
    return block if block.startswith("<") else f"<p>{spans(block)}</p>"


def read(path: Path) -> File:
    match = FRONT.fullmatch(path.read_text("utf-8").lstrip())
    assert match, path
    front = dict(line.split(": ", 1) for line in match[1].splitlines() if ": " in line)
    blocks = [each.strip() for each in re.split(r"\n[ \t]*\n", match[2]) if each.strip()]
    return File(path, front, blocks)


@pytest.fixture(scope="module")
def commits(finews: Path) -> list[list[File]]:
    """The files of each commit, the commits in an order of their times."""
    shapes = finews / "shapes"
    if not shapes.is_dir():
        pytest.skip(f"the real shapes of posts are not at {shapes}")
    found = [[read(path) for path in sorted(each.rglob("*.md"))] for each in shapes.iterdir()]
    return sorted(found, key=lambda files: (max(each.published for each in files), len(files)))


def build(folder: Path, files: list[File]) -> Folder:
    """Build the site of some files."""
    items: dict[str, list[Item]] = {}
    for file in files:
        path, text = file.page()
        target = folder / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
        items.setdefault(file.front["tags"], []).append(Item(path, file.front["title"].strip('"')))
    (folder / "index.html").write_text(home_page(items.items()), "utf-8")
    (folder / "category").mkdir(exist_ok=True)
    for category in {file.front["categories"] for file in files}:
        listed = [file for file in files if file.front["categories"] == category]
        tag = listed[0].front["tags"]
        text = category_page(category, tag, tag, items[tag])
        (folder / f"category/{category}.html").write_text(text, "utf-8")
    return Folder(folder)


def check(db: Path, files: list[File], *, is_of_files: bool) -> None:
    """Compare the archive with what its last files say."""
    assert query(db, "SELECT count(*) FROM revisions") == [(0,)]
    of: dict[str, list[File]] = {}
    for file in files:
        of.setdefault(f"NW{file.digits}", []).append(file)
    assert {code for (code,) in query(db, "SELECT id FROM articles")} == set(of)
    for code, each in of.items():
        [(title, published_at, source, summary, body)] = query(
            db, "SELECT title, published_at, source, summary, body_text FROM articles WHERE id = ?",
            code,
        )  # fmt: skip
        assert {html.unescape(file.front["title"].strip('"')) for file in each} == {title}
        assert published_at == f"{each[0].published:%Y-%m-%dT%H:%M:%S}+08:00", code
        assert source in {file.source for file in each}, code
        summaries = {" ".join(file.summary.split()) for file in each if file.summary}
        if is_of_files or summary is None:
            assert summary in (summaries or {None})
        assert {tuple(file.lines) for file in each} == {tuple((body or "").split("\n"))}, code
        categories = query(
            db, "SELECT category FROM article_categories WHERE article_id = ? ORDER BY 1", code
        )
        assert [name for (name,) in categories] == sorted({f.front["categories"] for f in each})
        linked = set(
            query(
                db,
                "SELECT market, code FROM mentions WHERE article_id = ?"
                " AND origin IN ('link', 'common_word')",
                code,
            )
        )
        assert linked >= set().union(*(file.codes for file in each)), code


def without_twins(commits: list[list[File]], twin: str) -> list[list[File]]:
    """Leave out one of two posts of an article, whose prose was replaced by different words."""
    names = {file.path.stem[11:] for files in commits for file in files}
    left_out = {name for name in names if name.startswith("NW") and name[2:] in names}
    if twin == "NW":
        left_out = {name[2:] for name in left_out}
    return [[file for file in files if file.path.stem[11:] not in left_out] for files in commits]


@pytest.mark.parametrize("twin", ["NW", "emnews"])
@pytest.mark.parametrize("order", ["files", "pages", "files pages", "pages files"])
async def test_files_and_their_pages(
    commits: list[list[File]], serving: Serving, tmp_path: Path, hands: Hands, order: str, twin: str
) -> None:
    db = tmp_path / "news.db"
    commits = [files for files in without_twins(commits, twin) if files]
    for turn in order.split():
        for number, files in enumerate(commits):
            hands.move(seconds=60)
            if turn == "files":
                outcome = await load(db, *(file.path for file in files))
            else:
                site = serving(build(tmp_path / f"site{number}", files))
                outcome = await crawl("category", db, site.url, revisit="1")
            assert outcome.exit is Exit.OK, outcome
    check(db, [file for files in commits for file in files], is_of_files="files" in order)


async def test_seven_versions_of_one_post_are_one_time(
    commits: list[list[File]], serving: Serving, tmp_path: Path, hands: Hands
) -> None:
    versions = [file for files in commits for file in files if file.digits == "202112082206950487"]
    assert len(versions) >= 7
    assert {"+0800" in file.front["date"] for file in versions} == {True, False}
    db = tmp_path / "news.db"
    for file in versions:
        hands.move(seconds=60)
        site = serving(build(tmp_path / file.path.parts[-3], [file]))
        await crawl("category", db, site.url, revisit="1")
        [(published_at,)] = query(db, "SELECT published_at FROM articles")
        assert published_at == "2021-12-08T13:06:58+08:00"
    assert query(db, "SELECT count(*) FROM revisions") == [(0,)]
