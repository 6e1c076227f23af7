"""What an article said before: versions, the state at a time, and the difference a person reads."""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from archives import article, fill, page
from click.testing import CliRunner
from crawls import crawl
from samplesite.server import Answers, Server
from samplesite.site import Site

from newscrawl.archive.export.front_matter import quoted_scalar
from newscrawl.archive.export.jekyll import jekyll_posts
from newscrawl.archive.provenance import provenance
from newscrawl.archive.revisions import (
    Change,
    Piece,
    article_versions,
    as_of,
    difference,
)
from newscrawl.cli.app import commands
from newscrawl.items import BodyRank
from newscrawl.store.connections import open_for_reading

NW, EM = "NW202112282228490028", "202112282228490028"


@pytest.fixture
def db(tmp_path: Path) -> Path:
    path = tmp_path / "news.db"
    fill(
        path,
        article(page(), title="旧标题", body_text="第一段。\n第二段。\n第三段。"),
        article(page(observed_at="2022-01-03"), title="新标题",
                body_text="第一段。\n第二段，改。\n第四段很长也很不一样。"),
        article(page(observed_at="2022-01-05"), title="更新标题",
                body_text="第一段。\n第二段，改。\n第四段很长也很不一样。"),
    )  # fmt: skip
    return path


def test_versions(db: Path) -> None:
    with closing(open_for_reading(db)) as connection:
        found = article_versions(connection, NW)
    assert [each.title for each in found] == ["旧标题", "新标题", "更新标题"]
    assert [each.observed_at[:10] for each in found] == ["2022-01-01", "2022-01-03", "2022-01-05"]
    assert found[-1].last_seen_at is None


@pytest.mark.parametrize(
    ("time", "title"),
    [
        ("2021-12-31T00:00:00+00:00", None),
        ("2022-01-01T00:00:00+00:00", "旧标题"),
        ("2022-01-02T23:59:59+00:00", "旧标题"),
        ("2022-01-03T00:00:00+00:00", "新标题"),
        ("2022-01-09T00:00:00+00:00", "更新标题"),
    ],
)
def test_as_of(db: Path, time: str, title: str | None) -> None:
    with closing(open_for_reading(db)) as connection:
        found = as_of(connection, NW, time)
    assert (found.title if found else None) == title


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_states_that_come_out_of_order(tmp_path: Path, order: tuple[int, ...]) -> None:
    days = ("2022-01-01", "2022-01-02", "2022-01-03")
    states = [
        article(page(observed_at=day), title=name) for day, name in zip(days, "甲乙丙", strict=True)
    ]
    fill(tmp_path / "news.db", *[states[index] for index in order])
    with closing(open_for_reading(tmp_path / "news.db")) as connection:
        assert [each.title for each in article_versions(connection, NW)] == ["甲", "乙", "丙"]
        for day, name in zip(days, "甲乙丙", strict=True):
            found = as_of(connection, NW, f"{day}T12:00:00+00:00")
            assert found is not None
            assert found.title == name


def test_difference(db: Path) -> None:
    with closing(open_for_reading(db)) as connection:
        first, second, _ = article_versions(connection, NW)
    assert difference(first, second) == [
        Change("title", (Piece("旧", "gone"), Piece("新", "new"), Piece("标题", "same"))),
        Change("body_text", (Piece("第二段", "same"), Piece("，改", "new"), Piece("。", "same"))),
        Change("body_text", (Piece("第三段。", "gone"), Piece("第四段很长也很不一样。", "new"))),
    ]


def run(*words: str | Path) -> tuple[int, str, str]:
    done = CliRunner().invoke(commands, [str(word) for word in words])
    return done.exit_code, done.stdout, done.stderr


def test_diff_command(db: Path) -> None:
    code, out, _ = run("diff", NW, "--db", db)
    assert code == 0
    assert "~ [-旧-]{+新+}标题\n" in out
    assert "~ 第二段{+，改+}。\n" in out
    assert "\x1b" not in out
    coloured = CliRunner().invoke(commands, ["diff", NW, "--db", str(db)], color=True)
    assert "\x1b[31m" in coloured.stdout
    steps = json.loads(run("diff", NW, "--db", db, "--json")[1])
    assert [step["later"]["title"] for step in steps] == ["新标题", "更新标题"]
    assert run("diff", "202112282228490099", "--db", db)[0] == 1


def test_show_as_of(db: Path) -> None:
    _, out, _ = run("show", NW, "--db", db, "--as-of", "2022-01-02", "--json")
    assert json.loads(out)["title"] == "旧标题"
    assert run("show", NW, "--db", db, "--as-of", "2021-01-01")[0] == 1
    assert run("show", NW, "--db", db, "--as-of", "soon")[0] == 2


def test_row_says_where_each_field_is_from(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    fill(
        path,
        article(page(), body_rank=BodyRank.LINKED, source=None, summary=None),
        article(page(EM, kind="api_answer"), source="国际商报", summary="摘要", title="别的"),
    )
    with closing(open_for_reading(path)) as connection:
        found = {name: by.split()[0] for name, by in provenance(connection, NW).items()}
    assert found["title"] == found["body_text"] == "post_page"
    assert found["source"] == found["summary"] == "api_answer"


Serving = Callable[[Answers], Server]


async def test_articles_met_as_pages_become_posts(serving: Serving, tmp_path: Path) -> None:
    site = Site(articles=60, oddities=frozenset({"all"}))
    await crawl("category", tmp_path / "news.db", serving(site).url)
    code, _, err = run(
        "export", "--db", tmp_path / "news.db", "--format", "jekyll", "-o", tmp_path / "out"
    )
    linked = [truth for truth in site.truths() if truth.linked]
    written = f"{len(linked)} posts written to {tmp_path / 'out'}; the last seq is "
    assert (code, err.startswith(written)) == (0, True), err
    for truth in linked:
        name = truth.digits if truth.digits is None else truth.info_code
        [post] = (tmp_path / "out" / "_posts").glob(f"*{name or truth.info_code[7:]}.md")
        lines = post.read_text(encoding="utf-8").split("\n")
        assert lines[2] == f"title: {quoted_scalar(truth.title)}"
        assert lines[3] == f"date: {truth.published_at[:19].replace('T', ' ')} +0800"


def test_title_with_quotes_is_yaml(tmp_path: Path) -> None:
    fill(tmp_path / "news.db", article(page(), title='说"好"\\的'))
    with closing(open_for_reading(tmp_path / "news.db")) as connection:
        [(path, content)] = jekyll_posts(connection, NW)
    assert path == f"_posts/2021-12-28-{NW}.md"
    assert 'title: "说\\"好\\"\\\\的"\n' in content.decode()


def test_export_to_where_nothing_can_be_written(db: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, _, err = run("export", "--db", db, "--format", "jekyll", "-o", tmp_path / "file" / "x")
    assert (code, "Could not write" in err) == (6, True)


def test_export_from_a_copy_without_raw_pages(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    fill(path, article(page(f"_posts/2021-12-28-{NW}", kind="post_file"), id=NW))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM raw_pages")
        connection.commit()
    code, _, err = run("export", "--db", path, "--format", "jekyll", "-o", tmp_path / "out")
    assert (code, "copy without its raw pages" in err) == (6, True)
