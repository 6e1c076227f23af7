"""The sample site: the same answers always, every oddity, and pages that agree with the truth."""

from __future__ import annotations

import http.client
import json
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import lxml.html
import pytest
from asking import ALL, EVERY, get
from samplesite import ODDITIES, Fault, Folder, Response, Site, Truth, serve
from samplesite.dialect import squeeze
from samplesite.oddities import SITE_ODDITIES

from newscrawl.items import BodyRank

# The same answers always.


def test_same_seed_same_bytes_other_seed_other_bytes() -> None:
    def whole(seed: int) -> list[object]:
        site = Site(seed=seed, articles=70, oddities=ALL)
        fixed = [site.respond(path) for path in ("/", "/feed.xml", "/emnews/")]
        return [*fixed, *site.posts(), *(page for t in site.truths() for page in site.pages(t))]

    assert whole(1) == whole(1)
    assert not set(map(str, whole(1))) & set(map(str, whole(2)))


def test_a_known_article_stays_as_it_is() -> None:
    # Recordings elsewhere rest on these: a change here is a change of every made page.
    truth = Site(seed=1, articles=200).article(150)
    assert (truth.info_code, truth.title, truth.published_at) == KNOWN


KNOWN = (
    "NW202206142367712313",
    "恒岳证券：工业软件产能明显改善",
    "2022-06-14T06:14:54+08:00",
)


def test_random_access_equals_streaming() -> None:
    assert [EVERY.article(number) for number in reversed(range(180))] == list(EVERY.truths())[::-1]
    with pytest.raises(IndexError):
        EVERY.article(180)


def test_large_sites_answer_at_once() -> None:
    site = Site(articles=1_000_000, oddities=ALL)
    truth = site.article(777_777)
    assert site.respond(truth.paths[0]).status == 200
    assert site.respond("/").body.count(b"<li>") > 50
    assert site.respond("/feed.xml").body.count(b"<entry>") == 10


def test_options_out_of_range_are_refused() -> None:
    for options in ({"articles": 0}, {"categories": 0}, {"robots": "?"}, {"days": 2000}):
        with pytest.raises(ValueError, match=r"from|or"):
            Site(**options)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no such oddity: misprint"):
        Site(oddities=frozenset({"misprint"}))


# What the pages say.


def test_every_oddity_occurs() -> None:
    found = frozenset[str]().union(*(truth.oddities for truth in EVERY.showing(0, 60).truths()))
    assert found == set(ODDITIES) - set(SITE_ODDITIES)


def lines(container: lxml.html.HtmlElement) -> tuple[str, ...]:
    """A body's lines by the archive's rules, written again: furniture must be gone."""
    for node in container.xpath(".//*[contains(@style,'display:none')] | .//p[@class='em_media']"):
        node.drop_tree()
    for node in container.xpath(".//br"):
        node.tail = "\n" + (node.tail or "")
    found = []
    for block in container.xpath(".//p[not(ancestor::table)] | .//tr"):
        if block.tag == "tr":
            found.append("\t".join(squeeze(cell.text_content()) for cell in block))
        else:
            found += map(squeeze, block.text_content().split("\n"))
    return tuple(line for line in found if line)


def section_of(page: bytes) -> lxml.html.HtmlElement:
    return lxml.html.document_fromstring(page.decode()).find(".//section")


@pytest.mark.parametrize("truth", list(EVERY.truths()), ids=lambda truth: "+".join(truth.oddities))
def test_pages_say_what_is_true(truth: Truth) -> None:
    for post, (path, page) in zip(truth.posts, EVERY.pages(truth), strict=True):
        assert EVERY.respond(quote(path)) == EVERY.respond(path)
        assert EVERY.respond(path).body == page
        if post.printed is None:
            assert b"<section>" not in page
            continue
        section = section_of(page)
        small, tags = section.findall("small")
        assert small.text == f"(GMT+8, Asia/Shanghai, CST) {post.printed}"
        assert section.find("h1").text == truth.title
        assert tuple(tag.text for tag in tags.findall("em")) == post.shelf.tags
        footers = [a.get("href") for a in section.findall(".//a") if "返回" in (a.text or "")]
        assert (footers == []) == (post.generation in {"1", "notice"})
        for quoted in section.findall("blockquote"):
            cells = quoted.findall(".//td") or quoted.findall(".//p")
            assert "\t".join(cell.text_content() for cell in cells) == (
                truth.digest_shown or ""
            ).replace("*", "")  # which are emphasis there
            quoted.drop_tree()
        for anchor in section.xpath(".//p[a[text()=@href]] | .//p[a[starts-with(., '返回')]]"):
            anchor.drop_tree()
        if post.generation == "7a":  # the title is the first line of its one paragraph
            assert section.find("p").text == f"{truth.title}\n{truth.digest_shown}"
        else:
            found = lines(section)
            if post.rank is BodyRank.SUMMARY:
                found = tuple(line.removesuffix(f"（{truth.source}）") for line in found)
            assert found == truth.paragraphs
        images = section.xpath(".//center/img/@src")
        assert tuple(images) == truth.images
        codes = section.xpath(".//*[@class='keytip' or @class='em_stock_key_common']/@data-code")
        linked = truth.mentions if post.rank is BodyRank.LINKED else ()
        counts = {f"{each.market},{each.code}": each.times for each in linked}
        counts.pop("0,399006", None)  # an index is linked without data-code
        assert counts == Counter(codes)


@pytest.mark.parametrize(
    ("generation", "hours"),
    [
        *((name, 8) for name in ("1", "2", "3", "notice")),
        *((name, 0) for name in ("4", "5", "6", "7a", "7b", "8")),
    ],
)
def test_times_without_a_zone_are_shown_eight_hours_late(generation: str, hours: int) -> None:
    seen = 0
    for truth in Site(articles=300, oddities=ALL).truths():
        for post in truth.posts:
            if post.generation != generation or post.printed is None:
                continue
            seen += 1
            printed = datetime.fromisoformat(post.printed + "+08:00")
            assert printed - truth.published == timedelta(hours=hours)
            if not post.path.startswith("/old_post/"):
                assert f"/{printed:%Y/%m/%d}/" in post.path
    assert seen


def test_generation_0_and_broken_titles_come_out_bare() -> None:
    truths = {next(iter(truth.oddities), ""): truth for truth in EVERY.truths()}
    zero, broken = truths["gen_0"], truths["quoted_title"]
    text = EVERY.respond(zero.paths[0]).body.decode()
    assert f"title: “{zero.title}”" in text
    assert f"date: {zero.published:%Y-%m-%d %H:%M:%S}\n" in text
    assert re.fullmatch(r"/2022/06/15/\d{4}-\d\d-\d\d-NW\d{18}\.html", broken.paths[0])
    assert '"' in broken.title
    assert broken.title not in EVERY.respond(broken.paths[0]).body.decode()
    assert '<entry><title type="html"></title>' in EVERY.respond("/feed.xml").body.decode()


def test_post_files_are_of_their_generation() -> None:
    files = list(EVERY.posts())
    blank = next(text.decode() for name, text in files if name.startswith("_posts/-"))
    assert 'title: ""\ndate:  +0800\n' in blank
    assert "\n\n<>\n\n" in blank
    assert any(b"</p>\r\n <p>" in text for _, text in files)
    named = dict(files)
    twins = [name for name in named if name.replace("old_post", "_posts") in named]
    twins = [name for name in twins if name.startswith("old_post/")]
    assert twins
    for name in twins:
        old, new = named[name], named[name.replace("old_post", "_posts")]
        assert old != new
        assert b"".join(old.split()) == b"".join(new.split())
    for truth in EVERY.truths():
        for post in truth.posts:
            folder = "old_post" if post.path.startswith("/old_post/") else "_posts"
            text = named[f"{folder}/{post.file}"].decode()
            assert text.startswith("\n---\n" if post.generation == "0" else "---\nlayout: post\n")
            assert f'\ntitle: "{truth.title}"\n' in text
            zone = " +0800" in text.split("---")[1]
            assert zone == (post.generation not in {"0", "1", "2", "3", "notice"})
            if post.generation == "6":
                assert f"\n> {truth.digest}\n\n" in text


@pytest.mark.parametrize("truth", list(EVERY.truths()), ids=lambda truth: "+".join(truth.oddities))
def test_upstream_tells_the_whole_article(truth: Truth) -> None:
    if truth.digits is None:
        return
    page = EVERY.respond(f"/a/{truth.digits}.html").body.decode()
    assert page == EVERY.respond(f"/news/1353,{truth.digits}.html").body.decode()
    document = lxml.html.document_fromstring(page)
    assert document.findtext(".//title") == f"{truth.title}_东方财富网"
    items = [node.text for node in document.xpath("//div[@class='infos']/div")]
    assert items == [f"{truth.published:%Y年%m月%d日 %H:%M}", truth.source or truth.list_source]
    body = document.get_element_by_id("ContentBody")
    for node in body.xpath(".//p[a[@class='toplink']] | .//div | .//style | .//script"):
        node.drop_tree()
    assert lines(body)[:-3] == truth.full.paragraphs
    text = EVERY.respond(f"/NewsData/GetNewsText.do?id=NW{truth.digits}").body.decode()
    trouble = {"share_html": "<html", "share_empty": "", "share_null": "null"}
    for name, start in trouble.items():
        if name in truth.oddities:
            assert text.startswith(start)
            return
    if "share_wrapped" in truth.oddities:
        text = re.fullmatch(r"var jsonData=(.*);", text)[1]  # type: ignore[index]
    data = json.loads(text)
    assert (data["Id"], data["newsid"], data["Title"]) == (
        truth.info_code,
        truth.digits,
        truth.title,
    )
    assert ("text" in data) == ("share_bare" not in truth.oddities)
    if "text" in data:
        for key in ("text", "content"):
            container = lxml.html.fragment_fromstring(data[key], create_parent="div")
            assert lines(container) == truth.full.paragraphs
        assert "data-code=" not in re.sub(r"<!-- EM_Stock.*?End -->", "", data["text"])


def test_unknown_addresses() -> None:
    missing = EVERY.respond("/nothing/2022/06/14/NW202206141234567890.html")
    assert missing.status == 404
    assert missing.body == EVERY.respond("/404.html").body
    for path in ("/category/nothing.html", "/a/202206141234567890.html", "/%2e%2e/x", "//", "/a/x"):
        assert EVERY.respond(path).status == 404
    assert EVERY.respond("/NewsData/GetNewsText.do?id=NW202206141234567890").body == b"null"
    assert EVERY.respond("/NewsData/GetNewsText.do").body == b"null"
    share = [EVERY.respond(f"/html_News/NewsShare.html?infoCode=NW{n}") for n in (1, 2)]
    assert share[0] == share[1]
    assert Site(robots="deny").respond("/robots.txt").body == b"User-agent: *\nDisallow: /\n"


def test_category_pages_name_the_wrong_medium_but_not_in_the_heading() -> None:
    text = EVERY.respond("/category/meirijingjixinwen.html").body.decode()
    assert '<h2 id="每日经济新闻新闻">' in text
    assert "<title>每日经济新闻新闻 |" not in text
    empty = EVERY.respond("/category/21shijijingjibaodao 21caijingAPP.html")
    assert (empty.status, empty.body.count(b"<li>")) == (200, 0)
    assert b"<a href" not in section_html(EVERY.respond("/emnews/"))


def section_html(response: Response) -> bytes:
    return response.body.partition(b"<section>")[2].partition(b"</section>")[0]


def test_edits_and_windows() -> None:
    site = Site(articles=60)
    before, path = site.article(7), site.article(7).paths[0]
    first, second = site.edited(7, 1), site.edited(7, 2)
    assert first.article(7).title != before.title
    assert first.article(7).paths == before.paths
    assert first.article(7).paragraphs == before.paragraphs
    assert second.article(7).title == before.title
    assert second.article(7).paragraphs != before.paragraphs
    assert second.article(8) == site.article(8)
    assert first.respond(path).body != site.respond(path).body
    assert first.last_modified > site.last_modified
    early = site.showing(0, 7)
    assert early.respond(path).status == 404
    assert [truth.number for truth in early.truths()] == list(range(7))
    assert site.showing(0, 8).respond(path).body == site.respond(path).body
    digits = site.article(3).digits
    assert site.showing(5, 60).respond(f"/a/{digits}.html").status == 200
    assert early.respond(f"/a/{before.digits}.html").status == 404


# Over HTTP.


def test_validators() -> None:
    site = Site(articles=20)
    with serve(site) as server:
        status, headers, body = get(server, "/")
        assert (status, int(headers["Content-Length"])) == (200, len(body))
        again = get(server, "/", If_None_Match=headers["ETag"])
        assert (again[0], again[2]) == (304, b"")
        assert get(server, "/", If_Modified_Since=headers["Last-Modified"])[0] == 304
        assert get(server, "/", If_None_Match='"other"')[0] == 200
        server.site = site.edited(19, 1)
        assert get(server, "/", If_None_Match=headers["ETag"])[0] == 200
        assert get(server, "/", If_Modified_Since=headers["Last-Modified"])[0] == 200
        assert [request.status for request in server.requests] == [200, 304, 304, 200, 200, 200]
        assert server.paths() == ["/"] * 6


def test_connections_are_kept_alive() -> None:
    with serve(Site(articles=5)) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        for path in ("/", "/nothing", "/feed.xml"):
            connection.request("GET", path)
            first = connection.sock
            connection.getresponse().read()
            assert connection.sock is first
        connection.request("HEAD", "/")
        assert connection.getresponse().read() == b""
        connection.close()
    server.close()


def test_faults() -> None:
    with serve(Site(articles=5)) as server:
        server.faults = {
            "/": Fault(status=503, body=b"busy", headers={"Retry-After": "1"}, times=1),
            "/feed.xml": Fault(truncate=10),
            "/emnews/": Fault(reset=True),
            "/404.html": lambda response: Response(200, response.body[:5]),
            "/robots.txt": Fault(delay=0.01),
        }
        status, headers, body = get(server, "/")
        assert (status, headers["Retry-After"], body) == (503, "1", b"busy")
        assert get(server, "/")[0] == 200
        with pytest.raises(http.client.IncompleteRead):
            get(server, "/feed.xml")
        with pytest.raises((ConnectionResetError, urllib.error.URLError)):
            get(server, "/emnews/")
        assert get(server, "/404.html")[2] == b"<!DOC"
        assert get(server, "/robots.txt")[0] == 200
        assert [r.status for r in server.requests] == [503, 200, 200, 0, 200, 200]


def test_a_folder_serves_its_own_files_only(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    site = Site(articles=60, oddities=ALL)
    root = tmp_path / "site"
    count = site.write(root)
    (root / "link.txt").symlink_to(secret)
    assert count == sum(1 for file in root.rglob("*") if file.is_file() and not file.is_symlink())
    with serve(Folder(root)) as server:
        for path in ("/", "/feed.xml", "/emnews/", site.article(5).paths[0]):
            status, _, body = get(server, path)
            assert (status, body) == (200, site.respond(path).body)
        for path in (
            "/../secret.txt",
            "/%2e%2e/secret.txt",
            "/..%2fsecret.txt",
            "/link.txt",
            "/%00",
        ):
            assert get(server, path)[0] == 404
            assert b"secret" not in get(server, path)[2]
        assert Folder(root).respond("/emnews").headers["Location"] == "/emnews/"
        changed = get(server, "/")[1]["Last-Modified"]
        assert get(server, "/", If_Modified_Since=changed)[0] == 304


def test_the_module_runs_until_it_is_interrupted(tmp_path: Path) -> None:
    command = [sys.executable, "tests/samplesite", "--articles", "5"]
    with subprocess.Popen(
        [*command, "--oddities", "all"], stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout
        url = run.stdout.readline().strip()
        with urllib.request.urlopen(url, timeout=10) as response:
            assert response.status == 200
        run.send_signal(signal.SIGINT)
        assert run.wait(timeout=60) == 0
    done = subprocess.run([*command, "--write", str(tmp_path / "x")], check=False, timeout=20)
    assert done.returncode == 0
    assert (tmp_path / "x" / "index.html").is_file()
