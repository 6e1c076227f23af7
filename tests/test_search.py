"""`newscrawl search`: what people type, and the same articles as a scan of every text finds."""

from __future__ import annotations

import functools
import json
import random
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from archives import article, fill, page
from crawls import command
from hypothesis import given
from hypothesis import strategies as st
from samplesite.site import Site

from newscrawl.archive import search_sql
from newscrawl.archive.filters import Filters
from newscrawl.archive.latest import latest
from newscrawl.archive.names import UnknownName
from newscrawl.archive.search import excerpt, marked, search
from newscrawl.archive.search_query import BadQuery, hint, parse_query
from newscrawl.archive.search_sql import as_condition, values_of
from newscrawl.items import Mention
from newscrawl.runs.outcome import Exit
from newscrawl.store import search_index
from newscrawl.store.connections import open_for_reading
from newscrawl.text.segments import tokens_of

PARSED = [
    ("降", "characters", '("text_降" OR "title_降" OR "summary_降")', ""),
    ("title:降", "characters", '"title_降"', ""),
    ("降息", "fts", '"降息"', ""),
    ("降息 美联储", "fts", '("降息" AND "美联 联储")', ""),
    ("降息 AND 美联储", "fts", '("降息" AND "美联 联储")', ""),
    ("降息 OR 加息", "fts", '("降息" OR "加息")', ""),
    ("降息 NOT 美联储", "fts", '("降息" NOT ("美联 联储"))', ""),
    ("NOT 美联储 降息", "fts", '("降息" NOT ("美联 联储"))', ""),
    ("(降息 OR 加息) A股", "fts", '(("降息" OR "加息") AND "a股")', ""),
    ("title:降息", "fts", '({title} : "降息")', ""),
    ("正文：降息", "fts", '({body_text} : "降息")', ""),
    ("text:(降息 OR 5G)", "fts", '(({body_text} : "降息") OR ({body_text} : "5g"))', ""),
    ("title:(text:降息)", "fts", '"¶_"', ""),
    ('"Faraday Future"', "fts", '"faraday_future"', ""),
    ('"Faraday Future 公司"', "fts", '"faraday_future future¶ ¶公 公司"', ""),
    ("降息。", "fts", '"降息"', ""),
    ("unknown:降息", "fts", '"unknown¶ ¶降 降息"', ""),
    ("5G", "fts", '"5g"', ""),
    ("and", "fts", '"and"', ""),
    (
        "美联储 降", "fts", '"美联 联储"',
        "(CASE WHEN 200 * (SELECT count(*) FROM (SELECT 1 FROM articles_fts"
        " WHERE articles_fts MATCH ? LIMIT 5000)) < (SELECT max(first_seq) FROM articles)"
        " THEN EXISTS (SELECT 1 FROM articles_characters"
        " WHERE articles_characters MATCH ? AND rowid = articles.first_seq)"
        " ELSE articles.first_seq IN (SELECT rowid FROM articles_characters"
        " WHERE articles_characters MATCH ?) END)",
    ),
    (
        "降 NOT 降息", "characters", '("text_降" OR "title_降" OR "summary_降")',
        "NOT articles.first_seq IN (SELECT rowid FROM articles_fts WHERE articles_fts MATCH ?)",
    ),
    ('title:="儲能"', "fts", '({title} : "储能")', "(ifnull(instr(articles.title, ?), 0))"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "table", "fts", "condition"), PARSED)
def test_parse(text: str, table: str, fts: str, condition: str) -> None:
    found = parse_query(text).found
    assert (found.table, found.fts, found.condition) == (f"articles_{table}", fts, condition)


BAD = [
    ("", "Empty query"),
    ("  ", "Empty query"),
    ("NOT 降息", "add that word"),
    ("降息 AND", "Expected a word after AND"),
    ("AND 降息", "Expected a word before AND"),
    ("降息 OR", "Expected a word on both sides of OR"),
    ("OR", "Expected a word on both sides of OR"),
    ("降息 NOT", "Expected a word after NOT"),
    ("(降息", "Unbalanced parenthesis: ( without )"),
    ("降息)", "Unbalanced parenthesis: ) without ("),
    ("()", "between ( and )"),
    ("，。", "no letter, digit or Chinese character"),
    ("title:", "after the name of a field"),
    ("titel:降息", "Unknown field titel: – did you mean title:?"),
    ("Text：降息", "Unknown field Text: – did you mean text:?"),
    ("source:证券时报", "source: is not a field but a filter"),
    ("降息 -储能", "write NOT 储能"),
    ('"降息', "Unbalanced quotation mark"),
    ("降" * 10_000, "at most 1000 characters; this one has 10000"),
    ("(" * 50 + "降", "more than 20 deep"),
]


@pytest.mark.parametrize(("text", "said"), BAD)
def test_bad_query_is_a_sentence(text: str, said: str) -> None:
    with pytest.raises(BadQuery) as raised:
        parse_query(text)
    assert said in str(raised.value)


@given(st.text("降息5G ()\"':*^-+ANDORT：title", max_size=40) | st.text(max_size=40))
def test_nothing_typed_is_an_error_of_sqlite(text: str) -> None:
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute(
            "CREATE TABLE articles (first_seq INTEGER PRIMARY KEY, title, summary, body_text)"
        )
        for sql in search_index.CREATE.values():
            db.execute(sql)
        try:
            query = parse_query(text)
        except BadQuery:
            return
        sql = f"SELECT * FROM articles WHERE {as_condition(query.found)}"
        db.execute(sql, values_of(query.found)).fetchall()
        list(marked(text, query.terms))


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The generator's articles, as their truth has them."""
    path = tmp_path_factory.mktemp("search") / "news.db"
    site = Site(articles=300, oddities=frozenset({"all"}))
    fill(path, *(
        article(
            page(truth.info_code.replace(":", "-")), id=truth.info_code, title=truth.title,
            published_at=truth.published_at, source=truth.source,
            body_text="\n".join(truth.paragraphs), summary=truth.digest_shown,
            categories=list(truth.slugs),
            mentions=list(truth.mentions),
        )
        for truth in site.truths()
    ))  # fmt: skip
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(
            "INSERT INTO article_listings SELECT id, 'fast', first_seen_at, first_seen_at"
            " FROM articles WHERE first_seq % 3 = 0"
        )
    return path


@pytest.fixture
def db(archive: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_for_reading(archive)) as opened:
        yield opened


def segment(text: str) -> str:
    return " ".join(tokens_of(text))


@functools.cache
def segment_once(text: str) -> str:
    """Several separators count as one."""
    return re.sub("(?: ¶)+", " ¶", segment(text))


def scan(db: sqlite3.Connection, words: str, *columns: str) -> set[str]:
    """Look at every text, token by token, without the index."""
    wanted = f" {segment_once(words).strip(' ¶')} "
    names = columns or ("title", "summary", "body_text")
    return {
        row["id"]
        for row in db.execute("SELECT * FROM articles")
        if any(wanted in f" {segment_once(row[name] or '')} " for name in names)
    }


def found(db: sqlite3.Connection, text: str, **filters: object) -> set[str]:
    return {hit.id for hit in search(db, text, Filters(**filters))}  # type: ignore[arg-type]


def texts_of(db: sqlite3.Connection) -> list[str]:
    rows = db.execute("SELECT title, summary, body_text FROM articles ORDER BY id")
    return [text for row in rows for text in row if text]


def some_words(dice: random.Random, texts: list[str]) -> str:
    """Return a part of a text, 1 to 6 characters that are more than punctuation."""
    while True:
        text = dice.choice(texts)
        start = dice.randrange(len(text))
        words = text[start : start + dice.randint(1, 6)].replace('"', "").strip()
        if segment(words).strip(" ¶"):
            return words


def test_random_queries_of_two_parts_find_what_a_scan_finds(db: sqlite3.Connection) -> None:
    dice, texts, some = random.Random(6), texts_of(db), 0
    for _ in range(60):
        a, b = some_words(dice, texts), some_words(dice, texts)
        one, two, titles = scan(db, a), scan(db, b), scan(db, b, "title")
        for query, expected in {
            f'"{a}" AND "{b}"': one & two,
            f'"{a}" OR "{b}"': one | two,
            f'"{a}" NOT "{b}"': one - two,
            f'"{a}" title:"{b}"': one & titles,
            f'title:("{b}" OR "{a}")': titles | scan(db, a, "title"),
        }.items():
            assert found(db, query) == expected, query
            some += bool(expected)
    assert some > 100


def test_rank_is_that_of_the_index(db: sqlite3.Connection) -> None:
    sql = "SELECT rowid, bm25(articles_fts) FROM articles_fts WHERE articles_fts MATCH '\"公司\"'"
    ranks = dict(db.execute(sql).fetchall())
    places = dict(db.execute("SELECT id, first_seq FROM articles").fetchall())
    found = [(ranks[places[hit.id]], hit.published_at) for hit in search(db, "公司", order="rank")]
    assert len(found) == len(ranks) > 3
    assert [rank for rank, _ in found] == sorted(ranks.values())
    for limit in (1, 3, 30):
        limited = search(db, "公司", order="rank", limit=limit)
        assert [(ranks[places[h.id]], h.published_at) for h in limited] == found[:limit]


def test_limited_searches_begin_as_unlimited_ones(db: sqlite3.Connection) -> None:
    dice, texts, several = random.Random(7), texts_of(db), 0
    for _ in range(100):
        a, b = some_words(dice, texts), some_words(dice, texts)
        text = dice.choice((f'"{a}"', f'"{a}" OR "{b}"', f'"{a}" "{b[:1]}"', f'title:"{a}"'))
        try:
            whole = [hit.id for hit in search(db, text)]
        except BadQuery:
            continue
        sql = "SELECT id FROM articles ORDER BY published_at DESC, seq DESC"
        assert whole == [code for (code,) in db.execute(sql) if code in set(whole)]
        for limit in (1, 3, 30):
            assert [hit.id for hit in search(db, text, limit=limit)] == whole[:limit]
        several += len(whole) > 3
    assert several > 30


def expression(dice: random.Random, db: sqlite3.Connection, depth: int) -> tuple[str, set[str]]:
    """Return a random query of words, fields, AND, OR, NOT, and what a scan finds for it."""
    if depth == 0:
        words = some_words(dice, texts_of_once(db))
        name, columns = dice.choice(
            (("", ()), ("", ()), ("title:", ("title",)), ("text:", ("body_text",)),
             ("summary:", ("summary",)))
        )  # fmt: skip
        return f'{name}"{words}"', scan(db, words, *columns)
    (a, one), (b, two) = expression(dice, db, depth - 1), expression(dice, db, depth - 1)
    operator = dice.choice(("AND", "OR", "NOT"))
    found = {"AND": one & two, "OR": one | two, "NOT": one - two}[operator]
    return f"({a} {operator} {b})", found


@functools.cache
def texts_of_once(db: sqlite3.Connection) -> list[str]:
    rows = db.execute("SELECT title, body_text FROM articles ORDER BY id")
    return [text for row in rows for text in row if text]


@pytest.mark.parametrize("share", [0, search_sql.SHARE, 10**9])
def test_nested_queries_find_what_a_scan_finds(
    db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch, share: int
) -> None:
    """Also where each article is looked up, and where none is."""
    monkeypatch.setattr(search_sql, "SHARE", share)
    dice, some = random.Random(8), 0
    for number in range(200):
        query, expected = expression(dice, db, 1 + number % 3)
        assert found(db, query) == expected, query
        some += bool(expected)
    assert some > 50


def test_simplified_and_traditional_find_each_other(tmp_path: Path) -> None:
    traditional, simplified = "NW202112282228490001", "NW202112282228490002"
    fill(
        tmp_path / "news.db",
        article(page(traditional), title="儲能電池出口增長"),
        article(page(simplified), title="储能电池出口增长", body_text="再说"),
    )
    with closing(open_for_reading(tmp_path / "news.db")) as db:
        for text in ("儲能", "储能", "儲能電池", "储能電池", "儲", "title:電池 OR 增", "增長"):
            assert found(db, text) == {traditional, simplified}, text
        assert found(db, '="儲能"') == {traditional}
        assert found(db, '="储能"') == {simplified}
        assert found(db, '储能 NOT ="储能"') == {traditional}
        assert found(db, '="儲" OR ="储能电池"') == {traditional, simplified}
        [hit] = search(db, '="儲能"')
        assert list(marked(hit.title or "", ("储能",)))[1] == ("儲能", True)
        # As the documentation says for other programs.
        folds = dict(db.execute("SELECT character, simplified FROM character_folds"))
        assert "".join(folds.get(each, each) for each in "儲能電池") == "储能电池"


def test_200_random_queries_find_what_a_scan_finds(db: sqlite3.Connection) -> None:
    dice, some = random.Random(5), 0
    texts = [
        text
        for row in db.execute("SELECT title, body_text FROM articles ORDER BY id")
        for text in row
        if text
    ]
    for _ in range(200):
        text = dice.choice(texts)
        if dice.random() < 0.2:
            latin = [word for each in texts for word in each.split() if word.isascii()]
            words = dice.choice(latin)
        else:
            start = dice.randrange(len(text))
            words = text[start : start + dice.randint(1, 6)]
        if not segment(words).strip(" ¶"):
            continue
        expected = scan(db, words.strip())
        assert found(db, '"' + words.strip().replace('"', "") + '"') == expected, words
        some += bool(expected)
    assert some > 100


def test_words_fields_and_operators(db: sqlite3.Connection) -> None:
    one, two = scan(db, "公司"), scan(db, "的")
    assert one & two
    assert two - one
    assert found(db, "公司 的") == one & two
    assert found(db, "公司 OR 的") == one | two
    assert found(db, "的 NOT 公司") == two - one
    assert found(db, "title:公司") == scan(db, "公司", "title")
    assert found(db, "title:公司 text:的") == scan(db, "公司", "title") & scan(
        db, "的", "body_text"
    )


def test_filters(db: sqlite3.Connection) -> None:
    whole = found(db, "的")
    day = date(2022, 6, 13)
    for name, table in (("source", "articles"), ("category", "article_categories")):
        [value] = db.execute(f"SELECT {name} FROM {table} WHERE {name} > '' LIMIT 1").fetchone()
        id_ = "id" if table == "articles" else "article_id"
        rows = db.execute(f"SELECT {id_} FROM {table} WHERE {name} = ?", (value,))
        assert found(db, "的", **{name: value}) == whole & {code for (code,) in rows} != set()
    of_day = {
        code for (code,) in db.execute(
            "SELECT id FROM articles WHERE published_at LIKE '2022-06-13%'")
    }  # fmt: skip
    assert found(db, "的", since=day, until=day) == whole & of_day
    market, code, name = db.execute("SELECT market, code, name FROM mentions LIMIT 1").fetchone()
    mentioned = {
        each for (each,) in db.execute(
            "SELECT article_id FROM mentions WHERE market = ? AND code = ?", (market, code))
    }  # fmt: skip
    for security in (f"{market}.{code}", code.lower(), name):
        assert found(db, "的", security=security) >= whole & mentioned
    listed = {code for (code,) in db.execute("SELECT article_id FROM article_listings")}
    assert found(db, "的", listing="fast") == whole & listed
    with pytest.raises(UnknownName, match=r"no listing 'fest'"):
        found(db, "的", listing="fest")
    assert found(db, "的", security="1.999999") == set()
    with pytest.raises(UnknownName, match=r"no security '何股份'"):
        found(db, "的", security=["1.999999", "何股份"])


def test_several_names_of_a_filter(db: sqlite3.Connection) -> None:
    for name in ("source", "category", "security", "listing"):
        table, column = {
            "source": ("articles", "source"),
            "category": ("article_categories", "category"),
            "security": ("mentions", "market || '.' || code"),
            "listing": ("article_listings", "listing"),
        }[name]
        sql = (
            f"SELECT {column} FROM {table} WHERE {column} > '' GROUP BY 1 ORDER BY count(*) LIMIT 3"
        )
        values = [value for (value,) in db.execute(sql)]
        each = [found(db, "的", **{name: value}) for value in values]
        assert found(db, "的", **{name: values}) == set().union(*each)
        assert [hit.id for hit in latest(db, Filters(**{name: values}))]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "code",
    [
        "600519",
        "600519.SH",
        "SH600519",
        "sh600519",
        "1.600519",
        "600519.ss",
        " 600519 ",
        "贵州茅台",
    ],
)
def test_a_security_in_any_form(tmp_path: Path, code: str) -> None:
    path = tmp_path / "news.db"
    fill(
        path,
        article(
            page("NW202112282228490001"), mentions=[Mention("1", "600519", "贵州茅台", "stock")]
        ),
        article(
            page("NW202112282228490002"), mentions=[Mention("116", "00700", "腾讯控股", "stock")]
        ),
        article(page("NW202112282228490003"), mentions=[Mention("90", "BK0475", "银行", "board")]),
    )
    with closing(open_for_reading(path)) as db:

        def of(*securities: str) -> list[str]:
            return [each.id[-1] for each in latest(db, Filters(security=securities))]

        assert of(code) == ["1"]
        assert sorted(of(code, "00700.HK", "116.700")) == ["1", "2"]
        assert sorted(of("BK0475", "00700")) == ["2", "3"]
        assert of("300750.SZ") == []


def test_order(db: sqlite3.Connection) -> None:
    newest = [hit.published_at or "" for hit in search(db, "公司")]
    assert newest == sorted(newest, reverse=True)
    ranked = list(search(db, "公司", order="rank", limit=5))
    assert len(ranked) == 5


@pytest.mark.parametrize("near", [2, 5, 50, 10_000])
def test_newest_are_found_also_where_old_articles_came_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, near: int
) -> None:
    monkeypatch.setattr("newscrawl.archive.search.NEAR", near)
    path, dice = tmp_path / "news.db", random.Random(near)
    for day in range(1, 4):
        fill(path, *(
            article(
                page(f"NW2021120{day}{number:010d}"), source=dice.choice(["甲报", "乙报"]),
                body_text=dice.choice(["降息", "加息"]),
                published_at=dice.choice([
                    None, f"2021-12-0{day}T1{number % 10}:00:00+08:00",
                    f"2021-11-0{dice.randint(1, 9)}T12:00:00+08:00",
                ]),
            )
            for number in range(40)
        ))  # fmt: skip
    sql = (
        "SELECT id FROM articles WHERE body_text = '降息' AND source IN (?, ?)"
        " ORDER BY published_at DESC, seq DESC"
    )
    with closing(open_for_reading(path)) as db:
        for limit in (1, 2, 5, 20, 50, 200):
            for source in (None, "甲报"):
                sources = (source or "甲报", source or "乙报")
                truth = [code for (code,) in db.execute(sql, sources)]
                hits = search(db, "降息", Filters(source=source), limit=limit)
                assert [hit.id for hit in hits] == truth[:limit]


def test_excerpt_and_marks() -> None:
    text = "一" * 100 + "\n央行降息。" + "二" * 100
    shown = excerpt(text, ("降息",))
    assert shown.startswith("…一")
    assert shown.endswith("二…")
    assert "央行降息。" in shown
    assert list(marked("A股与5G，a股", ("A股", "5g"))) == [
        ("", False), ("A股", True), ("与", False), ("5G", True), ("，", False), ("a股", True),
        ("", False),
    ]  # fmt: skip
    assert list(marked("FFA", ("FF",))) == [("FFA", False)]


def test_command(archive: Path) -> None:
    words = ["newscrawl", "search", "--db", str(archive)]
    done = command(*words, "公司", "--limit", "3")
    assert (done.returncode, done.stderr, done.stdout.count("\n")) == (0, "", 3)
    done = command(*words, "公司", "--json")
    hits = json.loads(done.stdout)
    assert {"id", "published_at", "source", "title", "excerpt"} == set(hits[0])
    assert all("公司" in hit["excerpt"] + hit["title"] for hit in hits)
    done = command(*words, "并没有这样的话")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "No articles found.\n")
    done = command(*words, "公司 AND")
    assert (done.returncode, "Expected a word after AND." in done.stderr) == (Exit.USAGE, True)
    done = command(*words, "公司", "--security", "1.600")
    assert done.returncode == Exit.USAGE
    assert "no security '1.600'. It has, for example: 1.600" in done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("储能、光伏", "To find any of these words, write 储能 OR 光伏."),
        ("title:储能，光伏", "To find any of these words, write 储能 OR 光伏."),
        ("储能,A股 降息", "To find any of these words, write 储能 OR A股."),
        ("储能 or 光伏", "'or' was looked for as a word; to join words, write OR."),
        ('"储能、光伏"', ""),
        ('="储能、光伏"', ""),
        ('"储能 or 光伏"', ""),
        ("1,000 24/7 储能 光伏", ""),
    ],
)
def test_a_hint_where_nothing_is_found(archive: Path, text: str, said: str) -> None:
    assert hint(text) == said
    ended = command("newscrawl", "search", "没有的词", text, "--db", str(archive))
    assert (ended.returncode, ended.stdout) == (0, "")
    assert ended.stderr == f"No articles found. {said}".rstrip() + "\n"


@pytest.mark.parametrize("limit", [1, 2, 5, 6, 7, 30])
def test_best_ones_are_the_first_of_all(tmp_path: Path, limit: int) -> None:
    """Also where several are equally good, of which the newest come first."""
    path = tmp_path / "news.db"
    fill(path, *(
        article(
            page(f"NW2021122822284900{n:02}"),
            published_at=f"2021-12-28T22:{(n * 7) % 24:02}:00+08:00",
            title=f"{chr(0x4E00 + n)}降息", body_text="降息。" * (1 + n // 6),
        )
        for n in range(24)
    ))  # fmt: skip
    with closing(open_for_reading(path)) as connection:
        every = [each.id for each in search(connection, "降息", order="rank")]
        assert len(every) == 24
        found = search(connection, "降息", order="rank", limit=limit)
        assert [each.id for each in found] == every[:limit]


def test_nothing_is_wanted_or_no_order(archive: Path) -> None:
    with closing(open_for_reading(archive)) as db:
        assert list(search(db, "公司", limit=0)) == []
        assert list(search(db, "公司", order="rank", limit=0)) == []
        with pytest.raises(ValueError, match="unknown order 'oldest'; use one of newest, rank"):
            search(db, "公司", order="oldest")  # type: ignore[arg-type]  # that is the point


@pytest.mark.parametrize(
    ("wanted", "known", "nearest"),
    [
        ("300112", ["0.300811", "0.300181", "0.300111", "1.600519"], "0.300111"),
        ("1.60051", ["1.603510", "1.603405", "1.600503"], "1.600503"),
        ("guojishangba", ["zqsb", "guojishangbao"], "guojishangbao"),
        ("国际商", ["zqsb", "国际商报"], "国际商报"),
        ("xyz", ["证券时报", "财联社"], "证券时报"),
    ],
)
def test_nearest(wanted: str, known: list[str], nearest: str) -> None:
    assert UnknownName("source", wanted, known).nearest()[0] == nearest


def test_securities_of_a_file(tmp_path: Path) -> None:
    path, listed = tmp_path / "news.db", tmp_path / "stocks.txt"
    for number, code in enumerate(("600519", "600036", "300750")):
        market = "0" if code.startswith("3") else "1"
        mentions = [Mention(market, code, "", "stock")]
        fill(path, article(page(f"NW20211228222849000{number}"), title=code, mentions=mentions))
    listed.write_text("# mine\n600519.SH  # first\n\n300750\nSH601318\n", encoding="utf-8-sig")
    words = ("newscrawl", "list", "--db", str(path), "--json", "--securities")
    done = command(*words, str(listed))
    assert {each["title"] for each in json.loads(done.stdout)} == {"600519", "300750"}
    done = command(*words, str(listed), "--security", "600036")
    assert {each["title"] for each in json.loads(done.stdout)} == {"600519", "600036", "300750"}
    done = command(*words[:-1], "--security", "600519， 300750,")
    assert {each["title"] for each in json.loads(done.stdout)} == {"600519", "300750"}
    listed.write_text("# none\n")
    done = command(*words, str(listed))
    assert (done.returncode, "names no security" in done.stderr) == (Exit.USAGE, True)
    listed.write_text("600519\n甲乙丙\n", encoding="utf-8")
    done = command(*words, str(listed))
    assert (done.returncode, "no security '甲乙丙'" in done.stderr) == (Exit.USAGE, True)
    for line in ("600519 贵州茅台", "SH600519,贵州茅台", "600519.SH\t贵州茅台"):
        listed.write_text(f"300750\n{line}\n", encoding="utf-8")
        done = command(*words, str(listed))
        assert (done.returncode, "put # before the rest" in done.stderr) == (Exit.USAGE, True)
    done = command(*words, str(tmp_path / "nothing.txt"))
    assert (done.returncode, "does not exist" in done.stderr) == (Exit.USAGE, True)


def test_filters_find_the_same_where_articles_are_looked_up(
    db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = {"category": "article_categories", "listing": "article_listings"}
    values = {
        name: [value for (value,) in db.execute(f"SELECT DISTINCT {name} FROM {table}")][:5]
        for name, table in columns.items()
    }
    values["security"] = [code for (code,) in db.execute("SELECT DISTINCT code FROM mentions")][:9]
    for name, wanted in values.items():
        filters = Filters(**{name: wanted})  # type: ignore[arg-type]
        found = [each.id for each in latest(db, filters)]
        monkeypatch.setattr("newscrawl.archive.filters.MANY", 1)
        assert [each.id for each in latest(db, filters)] == found != []
        assert [each.id for each in latest(db, filters, limit=3)] == found[:3]
        monkeypatch.undo()
