"""What goes out of an archive that a stranger made: by every command and format, and in the log.

The archive holds each of HOSTILE in every text column of every table. The commands print it into a
pipe and on a terminal; nothing in it may be obeyed, look like a line of ours, or become markup.
"""

from __future__ import annotations

import ast
import json
import logging
import os
import pty
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import feedparser
import pytest
import yaml
from archives import article, fill, page
from click.testing import CliRunner
from crawls import ROOT, command, query
from lxml import etree, html
from markdown_it import MarkdownIt
from payloads import PAYLOADS

from newscrawl.archive.export.jekyll import jekyll_posts
from newscrawl.cli import terminal
from newscrawl.cli.app import commands
from newscrawl.cli.terminal import ConsoleHandler
from newscrawl.items import Mention
from newscrawl.runs.logs import sanitize_record
from newscrawl.store.connections import open_for_reading
from newscrawl.store.schema import TABLES, Table

FORGED = "12:00:00 error Run 1 finished: FORGED"

HOSTILE = {
    "csi": "甲\x1b[38;5;201m红\x1b[2J\x1b[H",
    "osc": "乙\x1b]0;PWNED\x07\x1b]8;;http://evil.test\x1b\\x\x1b]8;;\x1b\\\x1b]52;c;AAAA\x07",
    "c1": "丙\x9b2J\x9d0;PWNED\x9c\x85\x90",
    "bidi": "丁\u202eexe.fdp\u202c\u2066\u2069\u200f\u061c",
    "lines": f"戊\r\n{FORGED}\n\x0b\x0c\u2028\u2029{FORGED}",
    "nul": "己\x00后\x08\x7f\ufffe\ufeff",
    "formula": "=cmd|'/c calc'!A0",
    "formula behind a space": "\u3000=1+1",
    "formula behind nothing": "\u200b\ufeff@SUM(1)",
    "templates": '{{ site.x }}{% include x %}{: onclick="fired()"}{::options /}',
    "yaml": 'a: "b" # c\n---\n- &x !!python/object:os.system [1]\n...\n? |',
    "markdown": "# 头 [x](javascript:fired()) ![y](/canary) `c`\n\n[z]: javascript:fired() '[z]'",
    "html": "<script>fired()</script><img src=x onerror=fired()>&lt;b&gt;",
    "xml": "]]><x>&amp;<![CDATA[ <?php ?> <!-- -->",
    "path": "../../../../etc/passwd",
    "windows path": "..\\..\\con.md",
    "format": "%s %(x)s {0} $HOME `id`",
    "rich": "[bold red]x[/bold red]:smile:[link=http://e.test]y[/link]",
    "mathtext": "$\\frac{$ $x^$ \\notamacro",
    "long": "长" * 3000,
}
TEXTS = list(HOSTILE.values())
CODES = [f"NW2022061512{number:08d}" for number in range(len(TEXTS))]

OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
OURS = re.compile(
    r"\x1b\[(?:0|1|2|3[0-7]|9[0-7])(?:;(?:0|1|2|3[0-7]))*m|\x1b\[\?25[hl]|\x1b\[(?:2K|1A)"
)
"""What our own commands send to a terminal: colours, and the cursor of a progress bar."""

# Not texts of anybody: what points from row to row, and what only newscrawl may say.
_KEPT = frozenset(
    ("id", "article_id", "info_code", "hash", "page_hash", "content_hash", "encoding", "key")
)
_WORDS = frozenset((
    "page_kind", "listing_kind", "kind", "outcome", "origin", "published_precision", "spider",
    "missing_since",
))  # fmt: skip
_JSON = frozenset(("arguments", "versions", "unknown", "differs"))
_CLOCK = "2022-06-15T05:00:00+00:00"


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with an article, a listing, a gap, a reject, a rule and a run for each text."""
    path = tmp_path_factory.mktemp("hostile") / "news.db"
    fill(
        path,
        *(
            article(
                page(code, observed_at=f"2022-06-1{day}", body=f"{code} {day}".encode()),
                title=f"公司{day}", published_at="2022-06-15T12:00:00+08:00", body_text=f"文{day}",
                mentions=[Mention("1", "600160", "巨化股份", "stock", 1)], images=["http://x.test/"],
            )
            for code in CODES
            for day in (5, 6)
        ),
    )  # fmt: skip
    with closing(sqlite3.connect(path)) as db, db:
        for text in TEXTS:
            for sql in _ROWS:
                db.execute(sql, {"text": text, "clock": _CLOCK})
        columns = ", ".join(row[1] for row in db.execute("PRAGMA table_info(runs)") if row[5] == 0)
        for _ in TEXTS[1:]:
            db.execute(f"INSERT INTO runs ({columns}) SELECT {columns} FROM runs WHERE id = 1")
        for table in TABLES:
            _fill_with_texts(db, table)
    return path


_ROWS = (
    "INSERT INTO listings (site, listing_kind, name, url, found_in, checked_at, interval,"
    " checks, failed_at, failure) VALUES ('finews', 'category', :text, 'http://x.test/', 'footer',"
    " :clock, 300, 9, :clock, 'x')",
    "INSERT INTO gaps (site, listing_kind, name, from_at, until_at, noticed_at)"
    " VALUES ('finews', 'category', :text, :clock, '2022-06-16', '2022-06-17')",
    "INSERT INTO rejects (run_id, url, site, page_kind, page_id, reason, detail,"
    " first_seen_at, last_seen_at, times, loader_version)"
    " VALUES (1, :text, 'finews', 'post_page', 'x', 'cut_off', 'x', :clock, :clock, 1, 1)",
    "INSERT INTO rules (rule, pages, matches, missed, matched_at)"
    " VALUES (:text, 999, 99, 900, :clock)",
)


def _fill_with_texts(db: sqlite3.Connection, table: Table) -> None:
    """Put one of TEXTS into every text column of every row, so that each comes everywhere."""
    for column in table.columns:
        if column.type is not str or column.name in _KEPT | _WORDS or column.name.endswith("_at"):
            continue
        rows = [row for (row,) in db.execute(f"SELECT rowid FROM {table.name} ORDER BY rowid")]
        for number, row in enumerate(rows):
            text = TEXTS[number % len(TEXTS)]
            # Of a page's differences only the names of fields are read.
            name = "title" if column.name == "differs" else text
            value = json.dumps({name: text}) if column.name in _JSON else text
            sql = f"UPDATE OR IGNORE {table.name} SET {column.name} = ? WHERE rowid = ?"
            db.execute(sql, (value, row))


def test_every_text_is_in_every_column(attacked: Path) -> None:
    """The attack itself: a column that it leaves out proves nothing."""
    names = {
        "listings",
        "gaps",
        "rejects",
        "rules",
        "runs",
        "articles",
        "revisions",
        "observations",
    }
    for table in TABLES:
        if table.name in names:
            for column in table.columns:
                if column.type is str and column.name not in _KEPT | _WORDS | _JSON:
                    if column.name.endswith("_at") or column.name in ("last_modified", "etag"):
                        continue
                    found = query(attacked, f"SELECT DISTINCT {column.name} FROM {table.name}")
                    assert {text for (text,) in found} >= set(TEXTS), (table.name, column.name)


PRINTED = (
    ("list", "--limit", "100"),
    ("list", "--json"),
    ("search", "公司 OR 红 OR 长"),
    ("search", "公司 OR 红", "--json"),
    ("info",),
    ("info", "--json"),
    ("status", "--limit", "100"),
    ("status", "--json"),
    ("verify", "--quick"),
    ("verify", "--quick", "--json"),
    ("plot", "articles-per-day"),
    ("plot", "articles-per-day", "--json"),
    ("plot", "coverage"),
    ("plot", "delay"),
    ("list", "--source", "没有\x1b[38;5;201m\u202e"),
    ("list", "--category", "没有\x9b2J"),
    ("list", "--security", "没有\x1b]0;PWNED\x07"),
    ("search", "(\x1b[38;5;201m\u202e"),
    ("show", "finews:\x1b[38;5;201m\u202e"),
    ("show", "\x1b[38;5;201m\u202e"),
    ("diff", "finews:\x1b[38;5;201m\u202e"),
    ("retry-rejected", "--reason", "\x1b[38;5;201m\u202e"),
    ("crawl", "feed", "\x1b[38;5;201m\u202e"),
    ("crawl", "share", "\x1b[38;5;201m\u202e"),
    *(("show", code) for code in CODES),
    *(("show", code, "--json") for code in CODES[:6]),
    *(("diff", code) for code in CODES),
    *(("export", "--format", name) for name in ("jsonl", "csv", "atom", "rss", "markdown")),
)


@pytest.mark.parametrize("words", PRINTED, ids=lambda words: re.sub(r"\W+", "-", " ".join(words)))
def test_nothing_is_obeyed_in_a_pipe(attacked: Path, words: tuple[str, ...]) -> None:
    done = CliRunner().invoke(commands, [*words, "--db", str(attacked)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    out = done.stdout.replace("\r\n", "\n") if "csv" in words else done.stdout  # RFC 4180
    for text in (out, done.stderr):
        assert OBEYED.findall(text) == []
    if words[0] not in ("show", "export"):  # these print the lines of a text as lines
        assert not re.search(f"^{FORGED}", out + done.stderr, re.MULTILINE)
    if "--json" in words:
        json.loads(out)


def test_a_row_is_a_line(attacked: Path) -> None:
    for words in (("list", "--limit", "100"), ("search", "公司 OR 红 OR 长", "--limit", "100")):
        lines = CliRunner().invoke(commands, [*words, "--db", str(attacked)]).stdout.splitlines()
        assert {line.count("\t") for line in lines} == {3}
        assert {line.rpartition("\t")[2] for line in lines} <= set(CODES)


def on_a_terminal(*words: str) -> str:
    """Run newscrawl on a terminal of its own; return what it sent there."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [Path(sys.executable).with_name("newscrawl"), *words],
        stdin=theirs, stdout=theirs, stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
    )  # fmt: skip
    os.close(theirs)
    sent = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:
            break
        if not piece:
            break
        sent += piece
    os.close(ours)
    assert process.wait(60) in (0, 1, 2, 6)
    return sent.decode("utf-8", "surrogateescape")


@pytest.mark.parametrize(
    "words",
    [
        ("list", "--limit", "100"),
        ("search", "公司 OR 红 OR 长", "--limit", "100"),
        ("show", CODES[0]),
        ("show", CODES[1]),
        ("diff", CODES[0]),
        ("info",),
        ("status", "--limit", "100"),
        ("verify",),
        ("plot", "articles-per-day"),
        ("export", "--format", "csv"),
        ("export", "--format", "markdown"),
        ("reextract",),
        ("list", "--db", "/none\x1b[38;5;201m\x9b2J.db"),
    ],
    ids=lambda words: re.sub(r"\W+", "-", " ".join(words)),
)
def test_nothing_is_obeyed_on_a_terminal(attacked: Path, words: tuple[str, ...]) -> None:
    sent = on_a_terminal(*words, *(() if "--db" in words else ("--db", str(attacked))))
    left = OURS.sub("", re.sub(r"\r+\n", "\n", sent))
    if words[0] in ("verify", "reextract"):  # a progress bar goes back to where its line begins
        left = left.replace("\r", "")
    assert OBEYED.findall(left) == []
    assert "Traceback" not in left


def test_only_say_speaks_of_names_and_files() -> None:
    """What goes to standard error may quote anything, so it goes through one function."""
    for path in (ROOT / "newscrawl" / "cli").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("click.echo", "print"):
                to_errors = any(each.arg in ("err", "file") for each in node.keywords)
                assert not to_errors or path.name == "output.py", f"{path.name}:{node.lineno}"


# -- the log -----------------------------------------------------------------------------


@pytest.mark.parametrize("text", TEXTS, ids=HOSTILE)
def test_a_record_is_one_record(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    handler = ConsoleHandler()
    handler.addFilter(sanitize_record)
    logger = logging.getLogger("newscrawl.test")
    logger.addHandler(handler)
    logger.propagate = False
    terminal.stderr.cache_clear()
    try:
        logger.warning("Rejected %s: it says %s", "http://x.test/", text)
        try:
            raise ValueError(text)
        except ValueError:
            logger.exception("Storing %s", text)
    finally:
        logger.removeHandler(handler)
        terminal.stderr.cache_clear()
    said = capsys.readouterr().err
    assert OBEYED.findall(said) == []
    records = [line for line in said.splitlines() if re.match(r"\d{4}-\d\d-\d\dT\S+ ", line)]
    assert [line.split()[1] for line in records] == ["warning", "error"]


def test_scrapys_own_log_is_harmless(tmp_path: Path) -> None:
    """`scrapy crawl` writes its log by itself; what a post says is escaped there, too."""
    post = tmp_path / "_posts" / f"2022-06-15-{CODES[0]}.md"
    post.parent.mkdir()
    shown = "\x1b[38;5;201m\u202e"
    post.write_text(f'---\ntitle: "x"\nlayout: {shown}\n---\n', encoding="utf-8")
    odd = post.with_name(f"2022-06-15-{shown}\n{FORGED}.md")
    odd.write_text("", encoding="utf-8")
    done = command(
        "scrapy", "crawl", "posts", "-a", f"paths={tmp_path}", "-s", f"NEWSCRAWL_DB={tmp_path}/n.db"
    )
    assert "Rejected" in done.stderr
    assert OBEYED.findall(done.stderr) == []
    assert not re.search(f"^{FORGED}", done.stderr, re.MULTILINE)


# -- formats -----------------------------------------------------------------------------


def exported(attacked: Path, name: str) -> str:
    done = CliRunner().invoke(commands, ["export", "--format", name, "--db", str(attacked)])
    assert done.exit_code == 0, done.stderr
    return done.stdout


def harmless_like_ours(text: str) -> str:
    return OBEYED.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def test_json_keeps_every_character(attacked: Path) -> None:
    titles = [json.loads(line)["title"] for line in exported(attacked, "jsonl").splitlines()]
    assert titles == TEXTS


def test_csv(attacked: Path, tmp_path: Path) -> None:
    import csv

    out = tmp_path / "a.csv"
    command("newscrawl", "export", "--format", "csv", "--db", str(attacked), "-o", str(out))
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["title"].removeprefix("'") for row in rows] == list(map(harmless_like_ours, TEXTS))
    for row in rows:
        for cell in row.values():
            assert not re.match(r"[\s\u200b\ufeff\ufffd]*[=+\-@＝＋－＠]", cell), cell


@pytest.mark.parametrize("name", ["atom", "rss"])
def test_feeds(attacked: Path, name: str) -> None:
    text = exported(attacked, name)
    etree.fromstring(text.encode())  # well-formed
    read = feedparser.parse(text.encode(), sanitize_html=False)
    assert len(read.entries) == len(TEXTS)
    for entry in read.entries:
        bodies = [each.value for each in entry.get("content", ()) if each.type == "text/html"]
        for body in [*bodies, *([entry.summary] if name == "rss" else [])]:
            assert_no_markup_of_theirs(body)


def test_front_matter_and_markdown(attacked: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command("newscrawl", "export", "--format", "markdown", "--db", str(attacked), "-o", str(out))
    files = sorted(out.rglob("*"))
    assert [file.name for file in files] == [f"{code}.md" for code in CODES]
    for file, text in zip(files, TEXTS, strict=True):
        _, matter, body = re.split(r"^---\n", file.read_text("utf-8"), maxsplit=2, flags=re.M)
        said = yaml.safe_load(matter)
        assert (said["title"], said["source"]) == (text, text)
        assert_no_markup_of_theirs(
            MarkdownIt("commonmark", {"html": True}).enable("table").render(body)
        )


def test_jekyll(attacked: Path) -> None:
    with closing(open_for_reading(attacked)) as connection:
        for code, text in zip(CODES, TEXTS, strict=True):
            [(name, content)] = jekyll_posts(connection, code)
            assert name == f"_posts/2022-06-15-{code}.md"
            _, matter, body = re.split(r"^---\n", content.decode(), maxsplit=2, flags=re.M)
            assert OBEYED.findall(content.decode()) == []
            assert yaml.safe_load(matter)["title"] == text
            # Liquid runs before Markdown; kramdown's attributes begin with {: and {::.
            assert not re.search(r"\{[{%:]", body)
            assert_no_markup_of_theirs(rendered(body))


def rendered(markdown: str) -> str:
    """Return Markdown as HTML, as a program shows it that trusts what it shows."""
    return str(MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown))


def assert_no_markup_of_theirs(shown: str) -> None:
    """Whether HTML made of an article runs nothing, and leads nowhere but by http."""
    if not shown.strip():
        return
    tree = html.fragment_fromstring(shown, create_parent="div")
    for element in tree.iterdescendants(etree.Element):
        assert element.tag not in ("script", "iframe", "object", "style", "form", "x"), shown
        assert not any(name.startswith("on") for name in element.attrib), shown
        for name in ("href", "src"):
            scheme = re.match(r"[\s\0-\x1f]*([a-z][a-z0-9+.-]*):", element.get(name, ""), re.I)
            assert scheme is None or scheme[1].lower() in ("http", "https"), shown


@pytest.fixture(scope="module")
def paid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive whose bodies are what people have tried to make a browser run."""
    path = tmp_path_factory.mktemp("payloads") / "news.db"
    pages = [page(f"NW2022061513{number:08d}") for number in range(len(PAYLOADS))]
    fill(path, *(article(each) for each in pages))
    with closing(sqlite3.connect(path)) as db, db:
        for each, payload in zip(pages, PAYLOADS, strict=True):
            db.execute(
                "UPDATE articles SET title = ?1, summary = ?1, body_html = ?1, share_url = ?1,"
                " original_url = ?1 WHERE id = ?2",
                (payload, each.id),
            )
    return path


@pytest.mark.parametrize("name", ["atom", "rss", "markdown", "jekyll"])
def test_no_body_of_a_strangers_archive_runs(paid: Path, name: str, tmp_path: Path) -> None:
    for shown in _shown(paid, name):
        assert_no_markup_of_theirs(shown)


def _shown(path: Path, name: str) -> Iterator[str]:
    """Yield what a reader of the format shows as HTML."""
    if name in ("atom", "rss"):
        for entry in feedparser.parse(exported(path, name).encode(), sanitize_html=False).entries:
            yield from (each.value for each in entry.get("content", ()) if "html" in each.type)
    elif name == "markdown":
        for each in re.split(r"^---\n", exported(path, name), flags=re.M)[2::2]:
            yield rendered(each)
    else:
        with closing(open_for_reading(path)) as connection:
            for (code,) in query(path, "SELECT id FROM articles"):
                [(_, content)] = jekyll_posts(connection, code)
                body = re.split(r"^---\n", content.decode(), maxsplit=2, flags=re.M)[2]
                yield rendered(body)


def test_names_of_files_stay_in_their_folder(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    fill(path, *(article(page(code)) for code in CODES))
    with closing(sqlite3.connect(path)) as db, db:
        for code, text in zip(CODES, TEXTS, strict=True):
            db.execute("UPDATE articles SET id = ? WHERE id = ?", (f"finews:{text}", code))
            for table in ("observations", "article_categories", "article_tags"):
                db.execute(
                    f"UPDATE {table} SET article_id = ? WHERE article_id = ?",
                    (f"finews:{text}", code),
                )
    for name in ("markdown", "jekyll"):
        out = tmp_path / name / "deep" / "out"
        done = command("newscrawl", "export", "--format", name, "--db", str(path), "-o", str(out))
        assert done.returncode == 0, done.stderr
        made = [each for each in (tmp_path / name).rglob("*") if each.is_file()]
        assert len(made) == len(TEXTS)
        for each in made:
            assert each.is_relative_to(out)
            assert not OBEYED.search(each.name)
    shutil.rmtree(tmp_path / "jekyll")


def test_metrics(attacked: Path, tmp_path: Path) -> None:
    from prometheus_client.parser import text_string_to_metric_families

    out = tmp_path / "m.prom"
    done = command("newscrawl", "status", "--prometheus", str(out), "--db", str(attacked))
    assert done.returncode == 0, done.stderr
    families: Any = text_string_to_metric_families(out.read_text("utf-8"))
    reasons = {
        sample.labels["reason"]
        for family in families
        for sample in family.samples
        if family.name == "newscrawl_rejects"
    }
    assert reasons == set(map(harmless_like_ours, TEXTS))
