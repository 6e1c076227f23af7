"""The archive in a browser: a real server, and, where it counts, a real browser."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlencode

import pytest
from archives import article, fill, page, writer
from crawls import command, query
from lxml import html
from payloads import PAYLOADS
from playwright.sync_api import Browser, Page, sync_playwright
from served import Answer, ask, serving

import newscrawl
from newscrawl.items import Mention
from newscrawl.store.errors import StoreError
from newscrawl.store.target import Target

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
SHOTS = os.environ.get("NEWSCRAWL_SCREENSHOTS")
EDITED = "NW202206151200000001"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of a sample site, and an article that was edited."""
    db = tmp_path_factory.mktemp("serve") / "news.db"
    ended = command("newscrawl", "demo", "--until", "2022-06-14", "--db", str(db))
    assert ended.returncode == 0, ended.stderr
    said: dict[str, Any] = {
        "title": "储能板块午后拉升，多家公司回应产能规划",
        "published_at": "2022-06-15T12:00:00+08:00",
        "source": "证券时报",
        "summary": "多家上市公司表示，下半年储能产能将陆续投产。",
        "mentions": [
            Mention("1", "600160", "巨化股份", "stock", 2),
            Mention("1", "600160", "", "stock", 1, "chart"),
        ],
        "images": ["https://np-newspic.dfcfw.com/download/D25618178_w640h360.jpg"],
        "body_html": '<p>产能为30吉瓦时。</p><p><a href="http://example.org/x">链接</a></p>'
        '<p><img src="http://example.org/a.jpg"></p>',
        "body_text": "产能为30吉瓦时。\n链接",
    }
    later = {**said, "body_text": "产能为50吉瓦时。\n链接"}
    fill(
        db,
        article(page(EDITED, observed_at="2022-06-15T05:00:00+00:00"), **said),
        article(page(EDITED, observed_at="2022-06-15T06:00:00+00:00", body=b"later"), **later),
    )
    return db


@pytest.fixture(scope="module")
def site(archive: Path) -> Iterator[str]:
    """A server on it."""
    with serving(archive) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser of Debian's."""
    if not Path(CHROMIUM).exists():
        pytest.skip("there is no chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
            ],
        )  # fmt: skip
        yield started
        started.close()


def codes(text: str) -> list[str]:
    """Return the articles that a page lists, in its order."""
    links = html.fromstring(text).xpath('//ol[@class="articles"]/li/a[@class="title"]/@href')
    return [unquote(link.removeprefix("/article/")) for link in links]


def find(site: str, **asked: object) -> Answer:
    """Ask for a search."""
    return ask(f"{site}search?{urlencode(asked)}")


# -- search ------------------------------------------------------------------------------


def random_queries(db: Path, count: int) -> list[str]:
    """Return queries of words that the archive has, and some that it has not."""
    chance = random.Random(5)
    texts = [text for (text,) in query(db, "SELECT body_text FROM articles") if text]
    found = ["北砚 NOT 储能", "光伏 OR 银行", '"产能 订单"', "title:项目", "5G", "没有的词语"]
    while len(found) < count:
        text = chance.choice(texts).replace("\n", " ")
        begin = chance.randrange(len(text))
        word = text[begin : begin + chance.randint(1, 6)].strip(' "()')
        if any(letter.isalnum() for letter in word) and ":" not in word:
            found.append(f'"{word}"')
    return found


def test_search_box_finds_what_the_command_finds(archive: Path, site: str) -> None:
    found = 0
    for words in random_queries(archive, 60):
        for by in ("newest", "rank"):
            with newscrawl.open(archive) as opened:
                wanted = [hit.id for hit in opened.search(words, order=by, limit=20)]  # type: ignore[arg-type]
            answer = find(site, q=words, by=by)
            assert (answer.status, codes(answer.text)) == (200, wanted), words
            found += len(wanted)
    assert found > 500
    printed = command(
        "newscrawl", "search", "公司", "--db", str(archive), "--json", "--limit", "20"
    )
    assert [each["id"] for each in json.loads(printed.stdout)] == codes(find(site, q="公司").text)


def test_pages_of_a_search_give_each_article_once(archive: Path, site: str) -> None:
    with newscrawl.open(archive) as opened:
        wanted = [hit.id for hit in opened.search("的")]
    assert len(wanted) > 40
    got: list[str] = []
    for number in range(1, len(wanted) // 20 + 2):
        got += codes(find(site, q="的", page=number).text)
    assert got == wanted


def test_filters(archive: Path, site: str) -> None:
    answer = find(site, q="产能", source="证券时报", since="2022-06-14", until="2022-06-15")
    with newscrawl.open(archive) as opened:
        wanted = opened.search("产能", source="证券时报", since="2022-06-14", until="2022-06-15")
        assert codes(answer.text) == [hit.id for hit in wanted][:20]
    assert EDITED in codes(answer.text)
    assert codes(find(site, security="1.600160").text) == [EDITED]
    # Without words: the latest.
    assert codes(find(site).text)[0] == EDITED


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"q": "("}, "between ( and )"),
        ({"q": '"'}, "Unbalanced quotation mark"),
        ({"q": "，"}, "has no letter"),
        ({"q": "降息 AND"}, "a word after AND"),
        ({"q": "x" * 2000}, "at most 1000 characters"),
        ({"source": "无此报"}, "The archive has no source '无此报'. It has, for example: "),
        ({"category": "nothing"}, "The archive has no category"),
        ({"security": "1.9999"}, "The archive has no security"),
        ({"since": "last week"}, "is not a valid date"),
        (
            {"since": "2022-06-14", "until": "2022-06-13"},
            "is after until=2022-06-13.",
        ),
    ],
)
def test_what_is_no_query_gets_a_sentence(site: str, asked: dict[str, str], says: str) -> None:
    answer = find(site, **asked)
    problem = html.fromstring(answer.text).xpath('string(//p[@class="problem"])')
    assert answer.status == 400
    assert says in problem
    assert "fts5" not in answer.text


@pytest.mark.parametrize("number", ["0", "-1", "x", "٣", "99999999999999999999"])
def test_any_page_number_is_answered(site: str, number: str) -> None:
    assert find(site, q="公司", page=number).status == 200


# -- pages -------------------------------------------------------------------------------


def test_article_page(site: str) -> None:
    answer = ask(f"{site}article/{EDITED}")
    root = html.fromstring(answer.text)
    assert root.xpath("string(//article/h1)") == "储能板块午后拉升，多家公司回应产能规划"
    assert root.xpath("string(//article//time)") == "2022-06-15 12:00:00"
    assert root.xpath('//div[@class="body"]//img') == []  # images are links: see the page
    assert root.xpath('//a[contains(@href, "np-newspic")]/@rel') == ["noopener noreferrer"]
    assert len(root.xpath('//a[@href="/search?security=1.600160"]')) == 1
    assert root.xpath('//table[@class="diff"]//del/text()') == ["3"]
    assert root.xpath('//table[@class="diff"]//ins/text()') == ["5"]


@pytest.mark.parametrize("name", ["NW000", "x", "a%2Fb", "%00", "..%2F..%2Fetc", "%F0%28"])
def test_no_article_is_said(site: str, name: str) -> None:
    answer = ask(f"{site}article/{name}")
    assert answer.status == 404
    assert "Traceback" not in answer.text


def test_front_page_numbers(archive: Path, site: str) -> None:
    root = html.fromstring(ask(site).text)
    [(articles,)] = query(archive, "SELECT count(*) FROM articles")
    assert root.xpath('string(//dl[@class="facts"]//dd)') == str(articles)
    days = [title.split(": ") for title in root.xpath('//svg[@class="days"]//title/text()')]
    known = dict(query(archive, "SELECT substr(published_at, 1, 10), count(*) FROM articles"
                       " GROUP BY 1"))  # fmt: skip
    assert len(days) == 30
    assert {day: int(count) for day, count in days if count != "0"} == known
    # The demo's four runs, and the one of the fixture.
    assert len(root.xpath('//section[@aria-labelledby="runs"]//tbody/tr')) == 5


def test_every_table_view_and_question_answers(archive: Path, site: str) -> None:
    name = archive.stem
    parts = ["articles", "mentions", "runs", "observations", "gaps", "changes", "latest_articles"]
    asked = ["most_mentioned?since=2022-01-01", "by_day_and_medium?since=2022-01-01",
             "all_on_a_security?market=1&code=600160", "changed_since?seq=0",
             "what_was_missed", "runs_that_lost_something"]  # fmt: skip
    for part in [*parts, *asked]:
        answer = ask(f"{site}{name}/{part}")
        assert answer.status == 200, part
    assert "_sqlite_migrations" not in ask(f"{site}{name}").text
    assert EDITED in ask(f"{site}{name}/all_on_a_security.json?market=1&code=600160").text
    assert ask(f"{site}{name}.db").status == 403  # a copy of a file in use is not a backup


def test_no_link_leads_nowhere(archive: Path, site: str) -> None:
    """From the front page, an article, and the rows of the tables that refer to an article."""
    name = archive.stem
    linked = set()
    for path in ["", f"article/{EDITED}", f"{name}/mentions", f"{name}/observations",
                 f"{name}/revisions", f"{name}/articles"]:  # fmt: skip
        root = html.fromstring(ask(f"{site}{path}").text)
        root.make_links_absolute(f"{site}{path}")
        linked |= {link.partition("#")[0] for link in root.xpath("//main//a/@href | //td//a/@href")}
    within = {link for link in linked if link.startswith(site)}
    rows = {link for link in within if link.startswith(f"{site}{name}/articles/")}
    assert f"{site}{name}/articles/{EDITED}" in rows
    assert len(rows) > 20
    assert dict.fromkeys(within, 200) == {link: ask(link).status for link in within}


def test_nothing_is_written(archive: Path, site: str) -> None:
    before = query(archive, "SELECT count(*), max(seq) FROM articles")
    for sql in ("delete from articles", "update articles set title = 'x'", "pragma user_version=9"):
        assert ask(f"{site}{archive.stem}?{urlencode({'sql': sql})}").status == 400
    assert query(archive, "SELECT count(*), max(seq) FROM articles") == before


def test_headers_of_every_answer(archive: Path, site: str) -> None:
    for path in ("", "search?q=公司", "search?q=(", f"article/{EDITED}", "article/none",
                 archive.stem, f"{archive.stem}/articles", "nothing", "-/newscrawl/newscrawl.css",
                 "-/static/app.css"):  # fmt: skip
        headers = ask(site + quote(path, safe="/?=()")).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'"), path
        assert "frame-ancestors 'none'" in policy
        assert "script-src" not in policy or "script-src 'self';" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


def test_only_this_machines_names_are_answered(site: str) -> None:
    assert ask(site, Host="news.example.org").status == 421
    assert ask(site, Host="localhost:8001").status == 200


def test_a_server_for_others_answers_to_any_name(archive: Path) -> None:
    with serving(archive, "--host", "0.0.0.0", "--public") as address:
        local = address.replace("0.0.0.0", "127.0.0.1")
        assert ask(local, Host="news.example.org").status == 200


def test_pages_are_served_while_a_run_writes(tmp_path: Path) -> None:
    db = tmp_path / "news.db"
    fill(db, article(page()))
    with serving(db) as site:
        target = Target(db)
        run = writer(target)
        run.add(article(page("NW202112292228490029"), title="第二篇"), loader_version=1)
        assert codes(ask(site).text) == ["NW202112282228490028"]  # and no wait for the writer
        run.commit()
        assert len(codes(ask(site).text)) == 2
        run.end(outcome="ok", exit_code=0, reason="")
        target.finish(good=True)
        assert codes(find(site, q="第二篇").text) == ["NW202112292228490029"]


def test_a_file_with_the_log_of_another_is_not_served(tmp_path: Path) -> None:
    """Put in place while it is served: each thread opens the file when it is first needed."""
    db, other = tmp_path / "news.db", tmp_path / "other.db"
    fill(db, article(page()))
    fill(other, article(page("NW202112292228490029")))
    with serving(db) as site:
        target = Target(db)
        run = writer(target)
        run.add(article(page("NW202201012257099936")), loader_version=1)
        run.commit()
        other.replace(db)
        refused = ask(site)
        assert (refused.status, "was not written for this news.db" in refused.text) == (503, True)
        with pytest.raises(StoreError, match="replaced by another file"):
            target.finish(good=True)
        assert codes(ask(site).text) == ["NW202112292228490029"]


def test_empty_archive_and_old_schema(tmp_path: Path) -> None:
    empty = tmp_path / "empty.db"
    fill(empty)
    with serving(empty) as site:
        assert "No articles yet" in ask(site).text
        assert find(site).status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_only_what_reads_is_answered(archive: Path, site: str, method: str) -> None:
    name = archive.stem
    for path in ("", "search", f"article/{EDITED}", name, f"{name}/articles", "-/messages",
                 "-/logout", "-/permissions", f"{name}/most_mentioned"):  # fmt: skip
        answer = ask(site + path, method=method)
        assert (answer.status, answer.text) == (405, "This server is read-only.\n")
        assert "set-cookie" not in answer.headers
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")


@pytest.mark.parametrize(
    ("site_", "mode", "dest", "status"),
    [
        ("none", "navigate", "document", 200),  # typed, or a bookmark
        ("same-origin", "no-cors", "style", 200),
        ("cross-site", "navigate", "document", 200),  # a link that was followed
        ("cross-site", "no-cors", "image", 403),
        ("cross-site", "no-cors", "script", 403),
        ("cross-site", "cors", "empty", 403),
        ("cross-site", "navigate", "iframe", 403),
        ("same-site", "no-cors", "image", 403),  # another port of this machine
    ],
)
def test_no_other_site_makes_it_work(
    archive: Path, site: str, site_: str, mode: str, dest: str, status: int
) -> None:
    sent = {"Sec-Fetch-Site": site_, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest}
    for path in ("", "search?q=x", f"{archive.stem}/articles", f"article/{EDITED}"):
        assert ask(site + path, **sent).status == status


FORBIDDEN = (
    "select length(hex(zeroblob(500000000)))",
    "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n",
    "select load_extension('x')",
    "select writefile('x.db', 'x')",
    "select readfile('/etc/passwd')",
    "attach 'x.db' as x",
    "select 1; delete from articles",
    "with x as (select 1) delete from articles",
    "pragma writable_schema = 1",
    "select * from pragma_user_version(9)",
    "vacuum into 'x.db'",
    "select [\x1b[38;5;201m\x9b2J]",
)


def test_what_no_question_may_do(archive: Path, tmp_path: Path) -> None:
    before = archive.read_bytes()
    with subprocess.Popen(
        [str(Path(sys.executable).with_name("newscrawl")), "serve", "--db", str(archive),
         "--port", "0"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stderr is not None
        site = process.stderr.readline().split(" is served at ")[1].split(";")[0]
        got = {
            sql: ask(f"{site}{archive.stem}?{urlencode({'sql': sql})}").status for sql in FORBIDDEN
        }
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert got == dict.fromkeys(FORBIDDEN, 400)
    assert archive.read_bytes() == before
    assert list(tmp_path.iterdir()) == []
    # What the server says of it on its terminal is a line at most, and nothing is obeyed.
    assert (out, err.count("\n") < len(FORBIDDEN)) == ("", True)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", err)


# -- the command -------------------------------------------------------------------------


def test_wrong_words_get_a_sentence(tmp_path: Path, archive: Path, site: str) -> None:
    missing = command("newscrawl", "serve", "--db", str(tmp_path / "none.db"))
    assert (missing.returncode, "There is no archive" in missing.stderr) == (6, True)
    others = command("newscrawl", "serve", "--db", str(archive), "--host", "0.0.0.0")
    assert (others.returncode, "--public" in others.stderr) == (2, True)
    port = site.rstrip("/").rpartition(":")[2]
    taken = command("newscrawl", "serve", "--db", str(archive), "--port", port)
    assert (taken.returncode, "Choose another one with --port" in taken.stderr) == (2, True)
    assert "Traceback" not in missing.stderr + others.stderr + taken.stderr


def test_missing_extra_is_named(archive: Path) -> None:
    blocked = (
        "import sys; sys.modules['uvicorn'] = None\n"
        f"sys.argv = ['newscrawl', 'serve', '--db', {str(archive)!r}]\n"
        "from newscrawl.cli.app import main; main()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", blocked], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 2
    assert "pip install 'newscrawl[serve]'" in ended.stderr


# -- in a browser ------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1280, 900), (390, 844)], ids=["desk", "phone"])
def test_pages_in_a_browser(
    browser: Browser, site: str, scheme: Any, size: tuple[int, int]
) -> None:
    with closing(browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=scheme
    )) as context:  # fmt: skip
        shown = context.new_page()
        said: list[str] = []
        shown.on("console", lambda message: said.append(message.text))
        for name, path in (
            ("front", ""),
            ("search", "search?q=公司"),
            ("article", f"article/{EDITED}"),
        ):
            shown.goto(site + path)
            # Nothing to scroll to at the side, nothing that the headers had to stop.
            assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
            light = (
                shown.evaluate("getComputedStyle(document.body).backgroundColor").count("25") > 0
            )
            assert light == (scheme == "light")
            if SHOTS:
                file = f"{name}-{size[0]}-{scheme}.png"
                shown.screenshot(path=Path(SHOTS) / file, full_page=True)
        assert said == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_pages_of_datasette_in_a_browser(
    browser: Browser, site: str, scheme: Any, width: int
) -> None:
    with closing(browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme
    )) as context:  # fmt: skip
        shown = context.new_page()
        shown.goto(site)
        tables = shown.get_by_role("link", name="Tables").get_attribute("href") or ""
        database = site.rstrip("/") + tables
        for path in (database, f"{database}/articles?_size=5", f"{site}nope"):
            shown.goto(path)
            assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
            if path.endswith("nope"):
                continue  # Datasette gives its pages of errors no styles but its own
            background = shown.evaluate("getComputedStyle(document.body).backgroundColor")
            assert (background == "rgb(23, 22, 21)") == (scheme == "dark"), path


def test_by_keyboard_and_box(browser: Browser, site: str) -> None:
    with closing(browser.new_page()) as shown:
        shown.goto(site)
        shown.get_by_role("searchbox", name="Search").fill("储能板块")
        shown.keyboard.press("Enter")
        shown.wait_for_url("**/search?q=*")
        shown.get_by_role("link", name="储能板块午后拉升").click()
        shown.wait_for_url(f"**/{EDITED}")
        shown.get_by_role("link", name="巨化股份").click()
        shown.wait_for_url("**/search?security=*")
        assert shown.locator("ol.articles > li").count() == 1
        assert shown.get_by_label("securities").input_value() == "1.600160"


def post(number: int, payload: str) -> str:
    """Return a post file that says *payload* wherever a post says anything."""
    one_line = " ".join(payload.split("\n"))
    return (
        f"---\nlayout: post\ntitle: {json.dumps(payload)}\ndate: 2022-06-15 12:00:00 +0800\n"
        f"categories: zqsb\ntags: {json.dumps([one_line])}\n---\n"
        f"> {one_line}\n\n<p>{payload}</p>\n<p>正文{number}</p>\n"
        f'<p><a href="http://quote.eastmoney.com/unify/r/1.600160" class="keytip"'
        f' data-code="1,600160">{one_line}</a></p>\n'
        f'<p class="em_media">（文章来源：{one_line}）</p>\n'
    )


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of the payloads, as a crawl stored them, and as a stranger wrote them."""
    folder = tmp_path_factory.mktemp("attacked")
    posts = folder / "_posts"
    posts.mkdir()
    names = []
    for number, payload in enumerate(PAYLOADS):
        names.append(f"NW2022061512{number:08d}")
        file = posts / f"2022-06-15-{names[-1]}.md"
        file.write_text(post(number, payload), encoding="utf-8", newline="")
    db = folder / "news.db"
    ended = command("newscrawl", "crawl", "posts", str(posts), "--db", str(db))
    assert ended.returncode == 0, ended.stderr
    stored = {code for (code,) in query(db, "SELECT id FROM articles")}
    assert len(stored) > len(PAYLOADS) - 3  # a NUL or two may make a post unreadable
    with closing(sqlite3.connect(db)) as stranger, stranger:
        for number, payload in enumerate(PAYLOADS):
            code = f"NW2022061513{number:08d}"
            stranger.execute(
                "INSERT INTO articles (id, seq, first_seq, title, source, summary,"
                " body_html,"
                " body_text, share_url, original_url, published_at, published_raw, first_seen_at,"
                " changed_at) VALUES (?1, ?2, ?2, ?3, ?3, ?3, ?3, ?3, ?3, ?3,"
                " '2022-06-15T13:00:00+08:00', ?3, '2022-06-15T13:00:00+00:00', ?3)",
                (code, 10_000 + number, payload),
            )
            stranger.execute(
                "INSERT INTO mentions VALUES (?, ?, ?, ?, 'stock', 1, ?)",
                (code, payload, payload, payload, payload),
            )
            stranger.execute("INSERT INTO images VALUES (?, 0, ?)", (code, payload))
    return db


def _watched(shown: Page) -> list[str]:
    """Tell what a page does that it should not; the list fills."""
    done: list[str] = []
    shown.expose_function("fired", lambda *_: done.append("fired"))
    shown.on("dialog", lambda dialog: (done.append("dialog"), dialog.dismiss()))

    def asked(request: Any) -> None:
        if "/canary" in request.url or not request.url.startswith("http://127.0.0.1:"):
            done.append(request.url)

    shown.on("request", asked)
    return done


def test_no_payload_fires(browser: Browser, attacked: Path) -> None:
    assert len(PAYLOADS) >= 50
    assert len(set(PAYLOADS)) == len(PAYLOADS)
    every = [code for (code,) in query(attacked, "SELECT id FROM articles")]
    with serving(attacked) as site, closing(browser.new_context()) as context:
        shown = context.new_page()
        done = _watched(shown)
        for code in every:
            shown.goto(f"{site}article/{code}")
            # Links are tried, too: by what they would do, without leaving the page.
            links = shown.eval_on_selector_all(
                "a[href]", "links => links.map(each => each.protocol)"
            )
            assert set(links) <= {"http:", "https:"}, code
            assert (
                shown.locator("main script, main iframe, main img, main [style], main form").count()
                == 0
            )
            assert done == [], code
        for path in ("", "search?q=fired", *(f"search?page={n}" for n in range(1, 12)),
                     f"{attacked.stem}/articles?_size=max", f"{attacked.stem}/mentions?_size=max",
                     *(f"search?{urlencode({'q': each})}" for each in PAYLOADS[::2]),
                     *(f"search?{urlencode({'source': each})}" for each in PAYLOADS[1::2]),
                     ):  # fmt: skip
            shown.goto(site + path)
            assert done == [], path


BREAK_OUT = """async ([to, held]) => {
    const caught = new Set();
    document.addEventListener("securitypolicyviolation", event => {
        caught.add(event.effectiveDirective);
    });
    const add = (name, given, text) => {
        const made = Object.assign(document.createElement(name), given);
        if (text) made.textContent = text;
        document.body.append(made);
        return made;
    };
    add("script", {}, "fired()");
    add("script", {src: to + "/canary.js"});
    add("div", {innerHTML: "<img src='" + to + "/canary' onerror='fired()'>"});
    add("div", {innerHTML: "<p onclick='fired()'>"}).firstChild.click();
    add("iframe", {src: to + "/canary"});
    add("object", {data: to + "/canary"});
    add("video", {src: to + "/canary"});
    add("link", {rel: "stylesheet", href: to + "/canary"});
    add("base", {href: to});
    fetch(to + "/canary").catch(() => null);
    try { new Worker(URL.createObjectURL(new Blob(["1"]))); } catch { }
    const form = add("form", {action: to + "/canary", method: "post"});
    form.submit();
    const wait = time => new Promise(done => setTimeout(done, time));
    // A slow machine reports them late; what else is caught, or gets out, has some time as well.
    const isLate = () => held.some(each => !caught.has(each));
    for (let times = 0; times < 100 && isLate(); times++) await wait(100);
    await wait(300);
    return [...caught].sort();
}"""
HELD = {
    "base-uri", "connect-src", "form-action", "frame-src", "img-src", "media-src", "object-src",
    "script-src-attr", "script-src-elem", "style-src-elem",
}  # fmt: skip


def test_the_policy_holds_without_the_cleaning(browser: Browser, archive: Path, site: str) -> None:
    """Whatever comes into a page by a mistake of ours runs nothing and sends nothing."""
    for path in (
        "",
        f"article/{EDITED}",
        "search?q=公司",
        archive.stem,
        f"{archive.stem}/articles",
    ):
        with closing(browser.new_context()) as context:
            shown = context.new_page()
            done: list[str] = []
            shown.expose_function("fired", lambda *_, done=done: done.append("fired"))
            shown.goto(site + path)
            context.on("requestfinished", lambda request, done=done: done.append(request.url))
            caught = shown.evaluate(BREAK_OUT, ["http://127.0.0.1:9", sorted(HELD)])
            assert set(caught) >= HELD, path
            assert done == [], path
            assert shown.url.startswith(site)


def test_the_canary_sings_without_the_cage(browser: Browser, tmp_path: Path) -> None:
    """The same watch sees payloads fire on a page that shows them as they are."""
    raw = tmp_path / "raw.html"
    heard = 0
    with closing(browser.new_context()) as context:
        for payload in PAYLOADS:
            raw.write_text(f"<!doctype html><title>x</title>{payload}", encoding="utf-8")
            shown = context.new_page()
            done = _watched(shown)
            shown.goto(raw.as_uri(), wait_until="load")
            shown.wait_for_timeout(20)
            heard += bool([each for each in done if each != raw.as_uri()])
            shown.close()
    assert heard >= 40
