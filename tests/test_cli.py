"""The command line: what is printed where, and how it ends."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import click
import pytest
from archives import article, fill, page
from cli_runs import EVIL, FIRST, SECOND, invoke, on_a_terminal, plain, two_articles
from crawls import command, ledger, query
from samplesite.server import Answers, Server
from samplesite.site import Site
from scrapy.exceptions import UsageError
from scrapy.extensions.feedexport import apply_uri_params
from scrapy.settings import BaseSettings, Settings

from newscrawl import __version__, sites
from newscrawl.addon import Addon
from newscrawl.cli.app import COMMANDS, commands
from newscrawl.cli.docs import contexts
from newscrawl.cli.output import cells, safe, safe_line, size, to_json, wrap
from newscrawl.cli.overrides import checked
from newscrawl.cli.pace import is_loopback, pace
from newscrawl.items import Article, Page
from newscrawl.runs.outcome import Exit
from newscrawl.runs.process import settings_for
from newscrawl.spiders.share_links import resolvers_of
from newscrawl.store.uris import the_archive

# -- printing -------------------------------------------------------------------------------


Serving = Callable[[Answers], Server]


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return two_articles(tmp_path / "news.db")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("标题 title\tx\ny", "标题 title\tx\ny"),
        ("\x1b[31m\x07\x00\x7f\x9b", "�[31m����"),
        ("a\u202eb\u2066c\u200e\u061c\ud800", "a�b�c���"),
        ("\r\n", "�\n"),
    ],
)
def test_safe(text: str, shown: str) -> None:
    assert safe(text) == shown


def test_safe_line() -> None:
    assert safe_line(" a\n b\t\x1bc ") == "a b �c"
    assert safe_line(None) == ""


def test_json_is_safe_and_loses_nothing() -> None:
    text = to_json({"title": EVIL, "字": "中"})
    assert safe(text) == text
    assert "字" in text
    assert json.loads(text) == {"title": EVIL, "字": "中"}


@pytest.mark.parametrize(
    ("text", "limit", "lines"),
    [
        ("中文可以断在任何地方", 8, ["中文可以", "断在任何", "地方"]),
        ("断在这里，不行", 8, ["断在这", "里，不行"]),
        ("书名《红楼》好", 6, ["书名", "《红", "楼》好"]),
        ("增长1117.5%以上", 9, ["增长", "1117.5%以", "上"]),
        ("plain words stay whole", 11, ["plain words", "stay whole"]),
        ("一\n\n二", 8, ["一", "", "二"]),
        ("不限 宽度", None, ["不限 宽度"]),
        ("averylongword", 5, ["averylongword"]),
    ],
)
def test_wrap(text: str, limit: int | None, lines: list[str]) -> None:
    assert list(wrap(text, limit)) == lines


def test_cells_and_size() -> None:
    assert [cells(each) for each in ("abc", "中文", "e\u0301")] == [3, 4, 1]
    assert [size(each) for each in (0, 999, 1000, 1_234_567)] == [
        "0 bytes", "999 bytes", "1.0 kB", "1.2 MB"
    ]  # fmt: skip


# -- commands that read ---------------------------------------------------------------------


def test_list_for_programs(db: Path) -> None:
    result = invoke("list", "--db", db)
    assert result.stdout == (
        f"2021-12-28 14:27:35\t国际商报\t标题\t{FIRST}\n"
        f"2021-12-08 00:00:00\t\t红�[31m字��2J�反 行[bold]不是[/bold]:smile:\t{SECOND}\n"
    )
    assert result.stderr == ""


def test_list_as_json(db: Path) -> None:
    result = invoke("list", "--db", db, "--json")
    assert json.loads(result.stdout) == [
        {
            "id": FIRST,
            "published_at": "2021-12-28T14:27:35+08:00",
            "source": "国际商报",
            "title": "标题",
            "beginning": None,
        },
        {
            "id": SECOND,
            "published_at": "2021-12-08T00:00:00+08:00",
            "source": None,
            "title": EVIL,
            "beginning": None,
        },
    ]


def test_list_of_nothing(db: Path) -> None:
    result = invoke("list", "--db", db, "--since", "2030-01-01")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "No articles found.\n")
    assert json.loads(invoke("list", "--db", db, "--since", "2030-01-01", "--json").stdout) == []


@pytest.mark.parametrize("words", [["list"], ["search", "标题"]])
def test_a_default_limit_is_said(tmp_path: Path, words: list[str]) -> None:
    db = tmp_path / "news.db"
    fill(db, *(article(page(f"NW2021122822284900{n}")) for n in range(20, 40)))
    whole = invoke(*words, "--db", db)
    assert (len(whole.stdout.splitlines()), whole.stderr) == (20, "")
    fill(db, article(page("NW202112282228490040")))
    cut = invoke(*words, "--db", db)
    assert len(cut.stdout.splitlines()) == 20
    assert cut.stderr == "There are more; --limit shows them, --json all of them.\n"
    assert invoke(*words, "--db", db, "--limit", "5").stderr == ""
    asked = invoke(*words, "--db", db, "--json")
    assert (len(json.loads(asked.stdout)), asked.stderr) == (21, "")


def test_show(db: Path) -> None:
    result = invoke("show", "--db", db, FIRST)
    assert result.stdout == (
        "标题\n"
        "────\n"
        f"id          {FIRST}\n"
        "published   2021-12-28 14:27:35 +08:00 (to the second)\n"
        "time from   section small\n"
        "source      国际商报\n"
        "categories  guojishangbao (国际商报)\n"
        "tags        国际商报新闻\n"
        "mentions    巨化股份 1.600160\n"
        "\n"
        "正文\n"
        "\n"
        f"seen        2022-01-01 08:00:00 post_page http://mirror.test/post_page/{FIRST}.html\n"
    )
    second = invoke("show", "--db", db, SECOND).stdout
    assert safe(second).count("�") == 4
    assert "\npublished   2021-12-08 (the time of day is not known)\n" in second


def test_show_as_json(db: Path) -> None:
    url = f"https://finews.zning.xyz/html_News/NewsShare.html?infoCode={FIRST}"
    shown = json.loads(invoke("show", "--db", db, url, "--json").stdout)
    assert (shown["info_code"], shown["mentions"][0]["code"]) == (FIRST, "600160")


def test_info(db: Path) -> None:
    shown = invoke("info", "--db", db).stdout
    assert str(db) in shown
    assert "articles    2 in 1 category" in shown
    assert "2021-12-08 00:00:00 to 2021-12-28 14:27:35" in shown
    assert "test: ok, made by a test" in shown
    assert json.loads(invoke("info", "--db", db, "--json").stdout)["articles"] == 2


@pytest.mark.parametrize(
    ("words", "exit_", "sentence"),
    [
        (["show", "--db", "{db}", "NW202112282228490029"], 1, "has no article NW2021122822284900"),
        (["show", "--db", "{db}", "finews:nothing"], 1, "has no article finews:nothing"),
        (["show", "--db", "{db}", "nonsense"], 2, "examples: NW"),
        (["show", "--db", "{db}"], 2, "Missing argument 'ID'"),
        (["list", "--db", "{db}", "--category", "guojishangba"], 2, "for example: guojishangbao"),
        (["list", "--db", "{db}", "--since", "last week"], 2, "use YYYY-MM-DD"),
        (["list", "--db", "{db}", "--limit", "0"], 2, "x>=1"),
        (["list", "--db", "{db}.not"], 6, "There is no archive"),
        (["info", "--db", "{folder}"], 6, "is a folder"),
        (["lst"], 2, "Unknown command 'lst' (did you mean list?); choose from crawl"),
        (["茅台"], 2, "Unknown command '茅台'; choose from crawl"),
        (["crawl", "share"], 2, "Nothing to resolve"),
        (["crawl", "category", "--delay", "0"], 2, "leave at least 0.1"),
        (["crawl", "category", "-s", "DOWNLOAD_DELAY=0"], 2, "and not for finews.withounder.com"),
        (["crawl", "feed", "--fast"], 2, "and not without --base-url"),
        # Only --base-url keeps their lists and resolvers to one host.
        *(
            (
                [*words, "--fast", "-s", "NEWSCRAWL_BASE_URL=http://127.0.0.1:9/"],
                2,
                "and not without --base-url",
            )
            for words in (
                ["crawl", "feed", "fast"],
                ["crawl", "category", "--share"],
                ["crawl", "share", "NW202112282228490028"],
            )
        ),
        (
            [
                "crawl",
                "share",
                "NW202112282228490028",
                "--base-url",
                "http://127.0.0.1:9/",
                "--hosts",
                "[::1], b.example",
                "--fast",
            ],
            2,
            "and not for b.example",
        ),
        (["crawl", "category", "--fast"], 2, "name it in NEWSCRAWL_FAST_HOSTS"),
        (["crawl", "category", "--fast", "--delay", "1"], 2, "give one of --fast and --delay"),
        (
            [
                "crawl",
                "category",
                "--fast",
                "--base-url",
                "http://a.example/",
                "-s",
                "NEWSCRAWL_FAST_HOSTS=b.example",
            ],
            2,
            "not for a.example",
        ),
        (["crawl", "category", "-s", "DELAY"], 2, "for example DOWNLOAD_TIMEOUT=30"),
        (["crawl", "category", "--since", "2021"], 2, "use YYYY-MM-DD"),
        (
            ["list", "--db", "{db}", "--since", "2022-01-02", "--until", "2022-01-01"],
            2,
            "since=2022-01-02 is after until=2022-01-01.",
        ),
        (["list", "--db", "{db}", "--security", ","], 2, "has no security ','"),
        (["export", "--db", "{db}", "-o", "a.xlsx"], 2, "For Excel, write a .csv with --excel."),
        (["export", "--db", "{db}", "-o", "a.json"], 2, "an article on each line"),
        (["crawl", "category", ""], 2, "is a shell variable unset?"),
        (["crawl", "category", "--base-url", ""], 2, "is a shell variable unset?"),
        (["crawl", "category", "--base-url", "http://[::1"], 2, "is not the URL of a site"),
        (
            ["crawl", "category", "--base-url", "http://[::1", "--delay", "1"],
            2,
            "is not the URL of a site",
        ),
        (["crawl", "share", "--urls", ""], 2, "is a shell variable unset?"),
        (["crawl", "posts"], 2, "Missing argument 'PATH...'"),
        (["crawl", "posts", ""], 2, "is a shell variable unset?"),
        (["crawl", "category", "--db", ""], 2, "is a shell variable unset?"),
        (["crawl", "category", "--db", ":memory:"], 2, "is not a file"),
        (["crawl", "category", "--db", "b\udcff.db"], 2, "is not UTF-8"),
        (["list", "--db", " "], 2, "is a shell variable unset?"),
        (["demo", "--base-url", ""], 2, "is a shell variable unset?"),
        (["demo", "--db", "{db}"], 2, "of 'finews', and sample articles would be mixed"),
    ],
)
def test_bad_input(db: Path, words: list[str], exit_: int, sentence: str) -> None:
    result = invoke(*(each.format(db=db, folder=db.parent) for each in words))
    assert result.exit_code == exit_
    assert result.stdout == ""
    assert sentence in " ".join(result.stderr.split())


def test_other_programs_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("mine")
    result = invoke("list", "--db", file)
    assert (result.exit_code, file.read_text()) == (Exit.STORE, "mine")
    assert "is not an SQLite file" in result.stderr


def test_db_from_the_environment(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSCRAWL_DB", str(db))
    assert json.loads(invoke("info", "--json").stdout)["path"] == str(db)


def test_demo_never_writes_the_archive_of_the_environment() -> None:
    demo = next(each.command for each in contexts() if each.info_name == "demo")
    option = next(each for each in demo.params if each.name == "db")
    assert (option.envvar, option.default) == (None, "data/demo.db")


# -- settings -------------------------------------------------------------------------------

ANSWER = "http://h.test/NewsData/GetNewsText.do?id={info_code}"


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("LOG_LEVEL=nonsense", "-s LOG_LEVEL=nonsense: it is one of DEBUG, INFO"),
        ("RETRY_GIVE_UP_LOG_LEVEL=x", "it is one of DEBUG, INFO"),
        ("DOWNLOAD_DELAY=abc", "-s DOWNLOAD_DELAY=abc: it is a number"),
        ("DOWNLOAD_DELAY=nan", "it is a number"),
        ("DOWNLOAD_DELAY=-1", "it cannot be below 0"),
        ("RETRY_TIMES=2.5", "it is a whole number"),
        ("CONCURRENT_REQUESTS=0", "it is a number above 0"),
        ("ROBOTSTXT_OBEY=perhaps", "it is True or False"),
        ("EXTENSIONS={x", "it is JSON: {…}"),
        ("RETRY_HTTP_CODES=500,x", "it is numbers, by commas"),
        ("RETRY_HTTP_CODES=[500, 502]", "it is numbers, by commas"),
        ("NEWSCRAWL_REVISIT_HOURS=[1, 2]", "it is numbers, by commas"),
        ("DUPEFILTER_CLASS=scrapy.Nothing", "the class does not exist"),
        ("NEWSCRAWL_RESOLVERS=xyz", "is not JSON"),
        ("FEEDS={}", "the archive is named by --db; `scrapy crawl` writes other feeds"),
        ("FEED_EXPORT_BATCH_ITEM_COUNT=2", "`scrapy crawl` writes other feeds"),
        ("FEED_URI=x.db", "`scrapy crawl` writes other feeds"),
        ("ADDONS={}", "an archive needs newscrawl's own"),
        ("NEWSCRAWL_DB=x.db", "named by --db"),
    ],
)
def test_bad_setting(tmp_path: Path, setting: str, sentence: str) -> None:
    result = invoke("crawl", "category", "--db", tmp_path / "news.db", "-s", setting)
    assert result.exit_code == Exit.USAGE
    assert sentence in " ".join(result.stderr.split())


def test_settings_that_are_right() -> None:
    given = {
        "LOG_LEVEL": "debug", "DOWNLOAD_DELAY": "1", "DOWNLOAD_TIMEOUT": "0.5",
        "DEPTH_PRIORITY": "-1", "ROBOTSTXT_OBEY": "False", "USER_AGENT": "me", "ANY_OTHER": "x",
        "EXTENSIONS": "{}", "HTTPERROR_ALLOWED_CODES": "404,410", "RETRY_HTTP_CODES": "",
        "DUPEFILTER_CLASS": "scrapy.dupefilters.BaseDupeFilter", "NEWSCRAWL_LOST_SHARE": "0.5",
        "NEWSCRAWL_RESOLVERS": json.dumps([["api_answer", ANSWER]]),
    }  # fmt: skip
    assert checked(given.items()) == {**given, "LOG_LEVEL": "DEBUG"}


def test_resolvers_of_text_and_of_the_settings() -> None:
    former = json.dumps([["answer", ANSWER], ["public", "{base}/a/{digits}.html"]])
    made = resolvers_of(BaseSettings({"NEWSCRAWL_RESOLVERS": former}))
    assert [kind for kind, _ in made] == ["api_answer", "article_page"]
    text = json.dumps([["api_answer", ANSWER], ["article_page", "{base}/a/{digits}.html"]])
    assert resolvers_of(BaseSettings({"NEWSCRAWL_RESOLVERS": text})) == [
        ("api_answer", ANSWER), ("article_page", "{base}/a/{digits}.html"),
    ]  # fmt: skip
    own = settings_for("news.db")
    assert resolvers_of(own) == own["NEWSCRAWL_RESOLVERS"]


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("xyz", "is not JSON"),
        ("{}", "is not a list of pairs"),
        ("[]", "is not a list of pairs"),
        ('["api_answer"]', "is not a pair"),
        ([("api_answer", 1)], "is not a pair"),
        ([("api_answer", ANSWER, "x")], "is not a pair"),
        ([("post_page", ANSWER)], "unknown page kind 'post_page'; use one of api_answer, "),
        ([("api_answer", "http://h.test/{code}")], "has an unknown placeholder {code}"),
        ([("api_answer", "http://h.test/{}")], "has an unknown placeholder {}"),
        ([("api_answer", "http://h.test/{info_code")], "is not a URL"),
        ([("api_answer", "http://h.test/x")], "has neither {info_code} nor {digits}"),
        ([("api_answer", "http://[::1/{digits}")], "is not a URL"),
        ([("api_answer", "http://h.test?id={digits}")], "is not a URL"),
        ([("api_answer", "http://{digits}.test/")], "is not a URL"),
        ([("api_answer", "ftp://h.test/{digits}")], "is not a URL"),
        ([("api_answer", "{digits}/{base}")], "is not a URL"),
    ],
)
def test_resolvers_that_are_none(value: object, sentence: str) -> None:
    with pytest.raises(UsageError, match=r"^NEWSCRAWL_RESOLVERS: ") as raised:
        resolvers_of(BaseSettings({"NEWSCRAWL_RESOLVERS": value}))
    assert sentence in str(raised.value)


@pytest.mark.parametrize(
    "name", ["data:x.db", "s3://b/x.db", "%(name)s.db", "a%20b#c?d.db", "sp ace.db", "中文;.db"]
)
def test_a_path_is_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    settings = settings_for(name, FEEDS={"other.db": {"format": "db"}})
    ((uri, options),) = settings.getdict("FEEDS").items()
    assert options == {"format": "db", "overwrite": False}
    assert urlparse(uri).scheme == "file"
    assert apply_uri_params(uri, {"name": "x"}) == uri
    assert the_archive(settings.getdict("FEEDS")) == (str(tmp_path / name), False)


@pytest.mark.parametrize(
    ("feeds", "sentence"),
    [
        ({"s3://b/x.db": {"format": "db"}}, "as a URI"),
        ({"data:x.db": {"format": "sqlite"}}, "use ./data:x.db"),
        ({"%(name)s.db": {"format": "db"}}, "contains a placeholder"),
        ({"x.db": {"format": "db", "batch_item_count": 2}}, "the option batch_item_count"),
        ({"x.db": {"format": "db", "item_filter": "x"}}, "the option item_filter"),
        ({"x.db": {"item_classes": ["x"]}}, "the option item_classes"),
        ({"x.db": {"format": "db", "postprocessing": ["x"]}}, "the option postprocessing"),
        ({"x.db": {}, "y.db": {"format": "db"}}, "one archive, and 2 were named: x.db, y.db"),
    ],
)
def test_feeds_that_are_no_archive(feeds: dict[Any, dict[str, Any]], sentence: str) -> None:
    settings = Settings({"FEEDS": feeds})
    with pytest.raises(UsageError, match=re.escape(sentence)):
        Addon().update_settings(settings)


def test_batches_are_for_other_feeds(serving: Serving, tmp_path: Path) -> None:
    done = command(
        "scrapy", "crawl", "category", "-a", f"base_url={serving(Site(articles=5)).url}",
        "-s", "DOWNLOAD_DELAY=0", "-s", "AUTOTHROTTLE_ENABLED=False",
        "-s", "FEED_EXPORT_BATCH_ITEM_COUNT=2",
        "-o", str(tmp_path / "news.db"), "-o", str(tmp_path / "%(batch_id)d.jsonl"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert query(tmp_path / "news.db", "SELECT count(*) >= 5 FROM articles") == [(1,)]
    assert len((tmp_path / "1.jsonl").read_text(encoding="utf-8").splitlines()) == 2


def test_contact_is_said_in_each_request() -> None:
    for contact, agent in (
        ("", f"newscrawl/{__version__} (news archive)"),
        (" me@\nx.test", f"newscrawl/{__version__} (news archive) (+me@ x.test)"),
    ):
        settings = settings_for("news.db", NEWSCRAWL_CONTACT=contact)
        for _ in range(2):
            Addon().update_settings(settings)
            assert settings["USER_AGENT"] == agent


# -- every command --------------------------------------------------------------------------


def test_help_ends_in_an_example_and_version() -> None:
    for ctx in contexts():
        shown = invoke(*ctx.command_path.split()[1:], "-h").stdout
        *_, heading, line = shown.strip().splitlines()
        assert heading.strip() == "Example:", ctx.command_path
        _parse(line.split())
    assert invoke("--version").stdout == f"newscrawl {__version__}\n"


def _parse(words: list[str]) -> None:
    """Parse a command line without running it; a usage error raises."""
    assert words.pop(0) == "newscrawl"
    ctx = next(contexts())
    while isinstance(ctx.command, click.Group):
        found = ctx.command.get_command(ctx, words.pop(0))
        assert found is not None
        if not isinstance(found, click.Group):
            found.make_context(found.name, words, parent=ctx)
        ctx = click.Context(found, parent=ctx, info_name=found.name)


def test_every_command_takes_a_db_and_readers_print_json() -> None:
    for ctx in contexts():
        if not isinstance(ctx.command, click.Group):
            names = {each.name for each in ctx.command.params}
            assert "db" in names or ctx.info_name in ("completion", "config"), ctx.command_path
            assert "as_json" in names or ctx.info_name not in ("list", "show", "info")


@pytest.mark.parametrize(
    "words",
    [["--help"], ["list"], ["search", "标题"], ["show", FIRST], ["info"], ["doctor", "--help"]],
)
def test_readers_import_no_scrapy(db: Path, words: list[str]) -> None:
    code = (
        "import sys\nfrom newscrawl.cli import main\n"
        "try:\n    main()\nfinally:\n"
        "    assert not {'scrapy', 'twisted'} & set(sys.modules), 'slow to start'\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words], env={**os.environ, "NEWSCRAWL_DB": str(db)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_search_imports_little(db: Path) -> None:
    """Beside Python's own modules nothing but click: it starts in a tenth of a second."""
    code = (
        "import json, sys\nbefore = set(sys.modules)\nfrom newscrawl.cli import main\n"
        "try:\n    main()\nfinally:\n    print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "search", "标题", "--db", str(db)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    imported = set(json.loads(done.stdout.splitlines()[-1]))
    packages = {name.partition(".")[0] for name in imported} - sys.stdlib_module_names
    assert packages == {"newscrawl", "click"}
    assert len(imported) < 150, sorted(imported)
    assert len([name for name in imported if name.startswith("newscrawl")]) < 42


def test_closed_pipe_is_no_fault(db: Path) -> None:
    program = Path(sys.executable).with_name("newscrawl")
    process = subprocess.Popen(
        [program, "list", "--db", db], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    with process.stderr:
        assert process.stderr.read() == ""
    assert process.wait() == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_full_disk_is_a_sentence(db: Path) -> None:
    program = Path(sys.executable).with_name("newscrawl")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [program, "list", "--db", db], stdout=full, stderr=subprocess.PIPE, text=True,
            check=False,
        )  # fmt: skip
    assert done.returncode == Exit.CRASHED
    assert done.stderr == "Error: Could not write to standard output: No space left on device.\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize(
    ("words", "code"),
    [(("list", "--db", "none.db"), Exit.STORE), (("list", "--none"), Exit.USAGE)],
)
def test_exit_code_where_no_error_can_be_printed(
    tmp_path: Path, words: tuple[str, ...], code: Exit
) -> None:
    program = Path(sys.executable).with_name("newscrawl")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([program, *words], cwd=tmp_path, stderr=full, check=False)
    assert done.returncode == code


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_work_goes_on_where_the_disk_of_its_log_is_full(db: Path, tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("newscrawl")
    words = [program, "backup", tmp_path / "copies", "--keep", "1", "--db", db]
    (tmp_path / "copies").mkdir()
    (tmp_path / "copies" / "news-2020-01-01T000000Z.db").write_bytes(db.read_bytes())
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(words, stderr=full, check=False)
    assert done.returncode == 0
    [copy] = (tmp_path / "copies").glob("*.db")
    assert "2020" not in copy.name


@pytest.mark.skipif(sys.platform == "win32", reason="closes numbers of files")
@pytest.mark.parametrize(
    ("command", "closed", "code", "said"),
    [
        ("list", ">&-", 1, "Error: Could not write to standard output: Bad file descriptor.\n"),
        ("export --format jsonl", ">&-", 1, "Could not write to standard output"),
        ("backup copy.db", ">&-", 0, "copied to copy.db"),
        ("backup copy.db", "<&- >&-", 0, "copied to copy.db"),
        ("backup copy.db", "<&- >&- 2>&-", 0, ""),
        ("list", "2>&-", 0, ""),
    ],
)  # fmt: skip
def test_closed_streams(
    db: Path, tmp_path: Path, command: str, closed: str, code: int, said: str
) -> None:
    line = f"{Path(sys.executable).with_name('newscrawl')} {command} --db {db} {closed}"
    done = subprocess.run(
        ["sh", "-c", line], stderr=subprocess.PIPE, text=True, check=False, cwd=tmp_path
    )
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    assert "Traceback" not in done.stderr


def test_commands_are_modules_of_their_name() -> None:
    for name in COMMANDS:
        found = commands.get_command(click.Context(commands), name)
        assert found is not None
        assert found.name == name


# -- crawling -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("delay", "base_url", "hosts", "settings"),
    [
        (None, None, None, {}),
        (0.1, None, None, {"DOWNLOAD_DELAY": 0.1}),
        (0.01, "http://127.0.0.1:8000/", None, {"DOWNLOAD_DELAY": 0.01}),
        (
            0, "localhost:8000", "::1,127.0.0.2",
            {
                "DOWNLOAD_DELAY": 0,
                "AUTOTHROTTLE_ENABLED": False,
                "CONCURRENT_REQUESTS_PER_DOMAIN": 8,
                "CONCURRENT_REQUESTS": 16,
            },
        ),
    ],
)  # fmt: skip
def test_pace(
    delay: float | None, base_url: str | None, hosts: str | None, settings: dict[str, object]
) -> None:
    assert pace(delay, base_url, hosts) == settings


@pytest.mark.parametrize(
    ("base_url", "hosts"),
    [
        (None, None),
        ("https://finews.withounder.com/", None),
        ("http://127.0.0.1/", "finews.zning.xyz"),
        (None, "127.0.0.1"),
        ("http://127.0.0.1.example.com/", None),
    ],
)
def test_no_haste_with_others(base_url: str | None, hosts: str | None) -> None:
    with pytest.raises(click.UsageError, match="leave at least"):
        pace(0.05, base_url, hosts)


def test_haste_where_it_was_agreed() -> None:
    hosts = frozenset(("mirror.example",))
    assert pace(0, "https://mirror.example/", None, hosts)["DOWNLOAD_DELAY"] == 0
    with pytest.raises(click.UsageError, match=r"not for other\.example"):
        pace(0, "https://mirror.example/", "other.example", hosts)
    assert pace(0, "http://[::1]:80/", "[::1], Mirror.EXAMPLE", hosts)["DOWNLOAD_DELAY"] == 0


def test_fast_hosts_may_be_spelt_in_any_way(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The run begins, and finds no such host: the refusal would be exit code 2."""
    names = "NEWSCRAWL_FAST_HOSTS=Mirror.Invalid, [2001:db8::1]"
    for site in (["--base-url", "http://mirror.invalid/"],
                 ["-s", "NEWSCRAWL_BASE_URL=http://mirror.invalid/"]):  # fmt: skip
        words = ["crawl", "category", "--fast", *site, "-s", names, "-s", "RETRY_TIMES=0"]
        with pytest.raises(SystemExit) as ended:
            commands.main([*words, "--db", str(tmp_path / "news.db")])
        assert ended.value.code == Exit.UNREACHABLE, capsys.readouterr().err


def test_loopback() -> None:
    assert all(map(is_loopback, ("localhost", "127.0.0.1", "127.8.8.8", "::1")))
    assert not any(map(is_loopback, (None, "", "10.0.0.1", "example.com")))


def test_rebuild_of_an_empty_file(serving: Serving, tmp_path: Path) -> None:
    (tmp_path / "news.db").touch()
    where = ["--base-url", serving(Site(articles=5)).url, "--delay", "0"]
    words = ["--db", str(tmp_path / "news.db"), "--rebuild"]
    assert command("newscrawl", "crawl", "category", *where, *words).returncode == 0


def test_table_and_article_on_a_terminal(db: Path) -> None:
    shown = on_a_terminal("list", "--db", str(db))
    assert "\x1b[31m" not in shown
    heading, first, second = (line.split() for line in plain(shown).splitlines())
    assert heading == ["published", "source", "title", "infoCode"]
    assert first == ["2021-12-28", "14:27:35", "国际商报", "标题", FIRST]
    assert (second[0], second[-1]) == ("2021-12-08", SECOND)
    assert "行[bold]不是[/bold]:smile:" in second

    shown = on_a_terminal("show", "--db", str(db), SECOND)
    assert "\x1b[31m" not in shown
    assert "第一段。\r\n\r\n第二段。" in shown


@pytest.mark.parametrize("columns", [80, 90, 100, 140])
def test_a_table_cuts_titles_and_never_ids(tmp_path: Path, columns: int) -> None:
    db = tmp_path / "news.db"
    title = "一家公司拟投资87.52亿元 在一个很远的地方建一座储能电池工厂"
    fill(db, article(page(FIRST), title=title))
    _, line = plain(on_a_terminal("list", "--db", str(db), COLUMNS=str(columns))).splitlines()
    assert line.rstrip().endswith(FIRST)
    assert (title in line) == (columns == 140)
    assert cells(line) <= columns


def test_info_on_a_narrow_terminal(tmp_path: Path) -> None:
    db = tmp_path / "news.db"
    source = "一份名字很长很长很长很长很长很长很长很长的报纸"
    fill(db, article(page(FIRST), source=source))
    lines = plain(on_a_terminal("info", "--db", str(db), COLUMNS="44")).splitlines()
    assert "mentions    0 of securities, boards and" in lines
    assert "            indices" in lines
    (first,) = (line for line in lines if line.startswith("sources           1  一份"))
    last = next(index for index, line in enumerate(lines) if line.startswith("last runs"))
    more = lines[lines.index(first) + 1 : last]
    assert all(line.startswith(" " * 21) for line in more)
    assert first.split()[-1] + "".join(map(str.strip, more)) == source
    assert all(cells(line) <= 44 for line in lines if str(tmp_path) not in line)


def test_reextract_asks_before_it_writes(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unreadable = invoke("reextract", "--db", db)  # the pages of this archive hold no post
    assert unreadable.stdout.startswith("0 of 2 articles would change\n  stays as it is: http")
    assert query(db, "SELECT max(id) FROM runs") == [(1,)]

    def better(page: Page, stats: object = None) -> Article:
        return article(page, title="更好的标题", published_raw="2021-12-28 14:27:35 +0800")

    monkeypatch.setattr(sites, "read_page", better)
    asked = invoke("reextract", "--db", db)
    assert "  title: 2\n" in asked.stdout
    assert "Nothing was written. Add --yes" in asked.stderr
    written = invoke("reextract", "--db", db, "--yes", "--json")
    assert json.loads(written.stdout)["fields"]["title"] == 2
    assert "Written: 2 articles." in written.stderr
    assert query(db, "SELECT DISTINCT title FROM articles") == [("更好的标题",)]
    assert ledger(db)["spider"] == "reextract"
    assert invoke("reextract", "--db", db).stdout == "0 of 2 articles would change\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell: str, tmp_path: Path) -> None:
    done = command("newscrawl", "completion", shell)
    assert (done.returncode, done.stderr) == (0, "")
    assert "_NEWSCRAWL_COMPLETE" in done.stdout
    if shell != "bash":
        return
    # What the shell would ask, and gets.
    asked = {**os.environ, "_NEWSCRAWL_COMPLETE": "bash_complete", "COMP_WORDS": "newscrawl sea",
             "COMP_CWORD": "1"}  # fmt: skip
    program = str(Path(sys.executable).with_name("newscrawl"))
    answer = subprocess.run([program], env=asked, capture_output=True, text=True, check=False)
    assert answer.stdout.split() == ["plain,search"]


def test_all_lists_are_printed() -> None:
    result = invoke("crawl", "feed", "--list")
    rows = dict(line.split("\t") for line in result.stdout.splitlines())
    assert {"atom", "fast", "security:…", "search:…", "columns-N", "kuaixun-N"} <= rows.keys()
    assert all(rows.values())


def test_show_says_where_images_stand(tmp_path: Path) -> None:
    first, second = "https://i.test/1.png?a=1&b=2", "https://i.test/2.png"
    html = (
        f'<p>甲</p><center><img src="{first.replace("&", "&amp;")}"></center><p>乙'
        f'<img src="{second}" alt="图">丙</p>\n<p class="em_media">（文章来源：某报）</p>'
    )
    path = tmp_path / "news.db"
    fill(path, article(page(FIRST), body_html=html, body_text="甲\n乙丙", images=[first, second]))
    shown = command("newscrawl", "show", FIRST, "--db", str(path)).stdout
    lines = [line for line in shown.splitlines() if line]
    text = lines[lines.index("甲") :][:5]
    assert text == ["甲", f"[image: {first}]", "乙", f"[image: {second}]", "丙"]
    assert "文章来源" not in shown
