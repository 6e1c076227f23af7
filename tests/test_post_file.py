"""The reader of post files: every generation, damage, and agreement with the rendered page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from samplesite import Site
from samplesite.posts import text

from newscrawl import sites
from newscrawl.items import Article, BodyRank, Page
from newscrawl.sites.finews.post_file import id_of
from newscrawl.sites.normalise import normalise

NOW = "2030-01-01T00:00:00+00:00"
NAME = "2022-05-30-NW202205302396671645.md"
BODY = '<p>一段。</p><p class="em_media">（文章来源：泉州晚报）</p>'
SHARE = "http://finews.zning.xyz/html_News/NewsShare.html?infoCode=NW202205302396671645"
BACK = "[返回泉州晚报新闻](//finews.withounder.com/category/quanzhouwanbao.html)"
FOOTER = f"{BACK}｜[返回首页](//finews.withounder.com/)"
DATE = "date: 2022-05-30 22:00:29 +0800"
HEAD = f'title: "标题"\n{DATE}\ncategories: quanzhouwanbao\ntags: 泉州晚报新闻'

SAME = (
    "info_code", "title", "published_at", "published_precision", "source", "body_text",
    "body_html", "body_rank", "categories", "tags", "mentions", "images", "share_url",
    "original_url", "unknown",
)  # fmt: skip
"""What a file and its page must agree in. The rest is what each prints: ``published_raw`` (the
front matter's date, the page's line), ``published_from`` (which of them it was),
``published_shift`` (a file is never late) and ``summary``, in which kramdown sets type."""

DIFFER: dict[str, dict[str, str]] = {
    "quoted_title": dict.fromkeys(
        ("title", "published_at", "published_precision", "tags"),
        "the quote breaks the YAML, and the site's build loses the front matter",
    ),
}
"""For an oddity of the sample site, the fields in which its file says more, and why."""
TYPESET = {"digest_bar", "digest_quotes"}
"""Oddities whose summary kramdown changes; the file has the source's own."""


def post(
    front: str = HEAD, body: str = BODY, link: str | None = SHARE, footer: str = FOOTER
) -> str:
    """Return a post file's text as the script writes it."""
    tail = f"\n\n<{link}>" if link is not None else ""
    return f"---\nlayout: post\n{front}\n---\n{body}{tail}\n\n{footer}\n"


def read(content: str | bytes, name: str = NAME) -> Article:
    """Return the normalised article that a post file tells of."""
    body = content.encode() if isinstance(content, str) else content
    return normalise(
        sites.read_page(Page("post_file", id_of(name), f"file:///posts/{name}", body, NOW))
    )


def read_page(path: str, body: bytes) -> Article:
    """Return the normalised article that a rendered page tells of."""
    id_ = path.rpartition("/")[2].removesuffix(".html")
    return normalise(
        sites.read_page(Page("post_page", id_, f"http://mirror.test{path}", body, NOW))
    )


def said(article: Article) -> dict[str, object]:
    """Return the fields in which a file and its page must agree."""
    return {name: getattr(article, name) for name in SAME}


def test_a_whole_post() -> None:
    article = read(post())
    assert article == Article(
        id="NW202205302396671645",
        title="标题",
        published_at="2022-05-30T22:00:29+08:00",
        published_raw="2022-05-30 22:00:29 +0800",
        published_precision="second",
        published_from="front matter date",
        source="泉州晚报",
        body_html='<p>一段。</p>\n<p class="em_media">（文章来源：泉州晚报）</p>',
        body_text="一段。",
        body_rank=BodyRank.FULL,
        categories=["quanzhouwanbao"],
        tags=["泉州晚报新闻"],
        share_url=SHARE,
        original_url="https://finance.eastmoney.com/a/202205302396671645.html",
        page=article.page,
    )


@pytest.mark.parametrize(
    ("name", "id_"),
    [
        ("_posts/2021-12-08-202112082206672930.md", "_posts/2021-12-08-202112082206672930"),
        ("finews-main/old_post/2021-12-28-NW1.md", "old_post/2021-12-28-NW1"),
        ("a\\old_post\\2021-12-28-NW1.md", "old_post/2021-12-28-NW1"),
        ("2021-12-01-init.md", "2021-12-01-init"),
        ("../2021-12-01-init.md", "2021-12-01-init"),
        ("-202205262391921712.md", "-202205262391921712"),
        ("2021-12-01-a.b.markdown", "2021-12-01-a.b"),
    ],
)
def test_id_is_the_folder_and_the_name_without_suffix(name: str, id_: str) -> None:
    assert id_of(name) == id_


@pytest.mark.parametrize(
    ("line", "title"),
    [
        ('title: "标题"', "标题"),
        ('title: ""链主"企业增至三家"', '"链主"企业增至三家'),
        ('title: "企业称"链主""', '企业称"链主"'),
        ('title: "甲"乙"丙"', '甲"乙"丙'),
        (r'title: "甲\丙"', r"甲\丙"),
        (r'title: "甲\"乙\"丙"', '甲"乙"丙'),
        (r'title: "甲\\乙\u4e19\t丁"', "甲\\乙丙 丁"),
        (r'title: "\uD83D\uDE00"', "\U0001f600"),
        (r'title: "甲\"乙"丙"', r"甲\"乙" + '"丙'),
        ('title: "公司：净利 20%: 上调"', "公司：净利 20%: 上调"),
        ('title: "甲 #乙"', "甲 #乙"),
        ('title: "甲\n乙"', "甲 乙"),
        ('title: "甲" # 注', "甲"),
        ("title: 'it''s'", "it's"),
        ("title: 甲", "甲"),
        # The site's layout prints the title as markup: its page shows it decoded, once.
        ('title: "&quot;双碳&quot;下的AT&amp;T &lt;草案&gt;"', '"双碳"下的AT&T <草案>'),
        ('title: "&amp;lt;草案&amp;gt;"', "&lt;草案&gt;"),
        ('title: "营收<5亿，利润>1亿"', "营收<5亿，利润>1亿"),
        ('title:   "甲"  ', "甲"),
        ('title: ""', None),
        ("title:", None),
        ('title: "甲', "甲"),
    ],
)
def test_title(line: str, title: str | None) -> None:
    assert read(post(HEAD.replace('title: "标题"', line))).title == title


@pytest.mark.parametrize(
    ("lines", "categories", "tags"),
    [
        ("categories: 21caijing 21cAPP\ntags: 21世纪 21财经APP新闻", ["21caijing", "21cAPP"],
         ["21世纪", "21财经APP新闻"]),
        ("categories: a  b\ntags: 甲  乙", ["a", "b"], ["甲", "乙"]),
        ("categories: TechWeb\ntags: 甲: 乙新闻", ["TechWeb"], ["甲:", "乙新闻"]),
        ("categories: a #b\ntags: C# 新闻", ["a"], ["C#", "新闻"]),
        ('categories: "a"\ntags: "甲: 乙"', ["a"], ["甲:", "乙"]),
        ("categories:\ntags:", None, None),
    ],
)  # fmt: skip
def test_categories_and_tags(
    lines: str, categories: list[str] | None, tags: list[str] | None
) -> None:
    article = read(post(f'title: "标题"\n{DATE}\n{lines}'))
    assert (article.categories, article.tags) == (categories, tags)


@pytest.mark.parametrize(
    ("date", "at", "precision"),
    [
        ("2022-05-30 22:00:29 +0800", "2022-05-30T22:00:29+08:00", "second"),
        ("2022-05-30 22:00:29", "2022-05-30T22:00:29+08:00", "second"),
        ("2022-05-30 14:00:29 +0000", "2022-05-30T22:00:29+08:00", "second"),
        ("2022-05-30 22:00", "2022-05-30T22:00:00+08:00", "minute"),
        (" +0800", "2022-05-30T00:00:00+08:00", "day"),
        ("2022-03-01 22:00:29 +0800", "2022-05-30T00:00:00+08:00", "day"),
        ("nonsense", "2022-05-30T00:00:00+08:00", "day"),
    ],
)
def test_time_is_as_printed_and_believed_near_the_id_only(
    date: str, at: str, precision: str
) -> None:
    article = read(post(HEAD.replace(DATE, f"date: {date}")))
    assert (article.published_at, article.published_precision) == (at, precision)
    believed = precision != "day"
    assert (article.published_from == "front matter date") is believed


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "empty"),
        ("# 说明\n\n一段。", "not_a_post"),
        ("<html><body>x</body></html>", "not_a_post"),
        ("---\n\n一段。", "not_a_post"),
        ("---\nlayout: page\ntitle: 关于\n---\n一段。", "not_a_post"),
        (f"---\nlayout: post\n{HEAD}\n", "cut_off"),
        (f"---\nlayout: post\n{HEAD}\n{BODY}\n", "cut_off"),
        (f"---\nlayout: post\n{HEAD}\n{BODY}\n---\n", "cut_off"),
        ("---\nlayout: post\n" + "key: value\n" * 50 + "---\n", "cut_off"),
        (post().encode()[:-20] + b"\xff\xfe", "charset"),
        (post('title: ""\ndate: +0800', ""), "nothing"),
    ],
)
def test_unreadable(content: str | bytes, reason: str) -> None:
    with pytest.raises(sites.Unreadable) as raised:
        read(content)
    assert raised.value.reason == reason


@pytest.mark.parametrize("name", ["2022-05-30-.md", "2022-13-45-NW202213452396671645.md"])
def test_a_name_without_an_id(name: str) -> None:
    with pytest.raises(sites.Unreadable) as raised:
        read(post(), name)
    assert raised.value.reason == "no_id"


@pytest.mark.parametrize(
    "content",
    [
        post().replace("\n", "\r\n"),
        "\ufeff" + post(),
        f"\n\n{post()}",
        post().replace("---\nlayout", "---  \nlayout"),
        post(HEAD, BODY.replace("</p><p", "</p>\r\n <p")),
        post().replace("\n\n<", "\n \n\n<").rstrip(),
    ],
)
def test_white_space_means_nothing(content: str) -> None:
    assert said(read(content)) == said(read(post()))


def test_gb18030_is_read() -> None:
    assert said(read(post().encode("gb18030"))) == said(read(post()))


def test_what_no_rule_knows_is_counted() -> None:
    article = read(
        post(f"{HEAD}\nauthor: 甲\ncustom:\n  - 一\n  - 二", '<p><font face="x">一</font></p>')
    )
    assert article.unknown == {
        "front matter author": 1, "front matter custom": 1, "front matter line": 2,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "summary"),
    [
        ("*ST甲、*ST乙披露。", "*ST甲、*ST乙披露。"),
        ('"链主" -- 三家...', '"链主" -- 三家...'),
        ("成交额 | 换手率", "成交额 | 换手率"),
        ("R&amp;D 与 R&D，1 &lt; 2 < 3", "R&D 与 R&D，1 < 2 < 3"),
        ("公告称<甲公司>中标", "公告称<甲公司>中标"),
    ],
)
def test_summary_is_plain_text(words: str, summary: str) -> None:
    link = "http://finance.eastmoney.com/news/1353,202205302396671645.html"
    front = f'title: "标题"\n{DATE}\ncategories: emnews\ntags: 东财滚动新闻'
    footer = (
        "[返回东财滚动新闻](//finews.withounder.com/emnews/)｜[返回首页](//finews.withounder.com/)"
    )
    alone = read(post(front, f"\n{words}", link, footer), "2022-05-30-202205302396671645.md")
    assert (alone.summary, alone.body_text, alone.body_rank) == (summary, summary, BodyRank.SUMMARY)
    quoted = read(post(front, f"> {words}\n\n{BODY}", link, footer), "202205302396671645.md")
    assert (quoted.summary, quoted.body_text, quoted.body_rank) == (
        summary,
        "一段。",
        BodyRank.LINKED,
    )


def test_body_that_begins_without_a_tag() -> None:
    article = read(post(body="导语。<br />第二行\n\n<p>一段。</p>"))
    assert article.body_text == "导语。\n第二行\n一段。"


def pairs(site: Site) -> Iterator[tuple[frozenset[str], Article, str, bytes]]:
    """Give each post of a sample site: its oddities, what its file tells, its page."""
    for truth in site.truths():
        for each, (path, body) in zip(truth.posts, site.pages(truth), strict=True):
            yield truth.oddities, read(text(truth, each), each.file), path, body


def test_made_files_say_what_their_pages_say() -> None:
    compared = 0
    for oddities, file, path, body in pairs(Site(articles=960, oddities=frozenset({"all"}))):
        if "gen_0" in oddities:
            continue  # its page has no article; see the next test
        page = read_page(path, body)
        more = {name for oddity in oddities for name in DIFFER.get(oddity, ())}
        differing = {name for name in SAME if getattr(file, name) != getattr(page, name)}
        assert differing == more, (path, oddities)
        assert (file.summary == page.summary) is TYPESET.isdisjoint(oddities), path
        compared += 1
    assert compared > 960


def test_made_files_of_every_generation_tell_the_truth() -> None:
    for truth in Site(articles=240, oddities=frozenset({"all"})).truths():
        for each in truth.posts:
            article = read(text(truth, each), each.file)
            assert (article.id, article.title) == (truth.info_code, truth.title)
            assert article.published_at == truth.published_at
            assert article.categories == list(each.shelf.categories)
            assert article.tags == list(each.shelf.tags)


def test_made_blank_record() -> None:
    site = Site(articles=120, oddities=frozenset({"blank_record"}))
    truth = next(truth for truth in site.truths() if truth.oddities)
    blank = read(text(truth, truth.posts[0], blank=True), f"-{truth.digits}.md")
    good = read(text(truth, truth.posts[0]), truth.posts[0].file)
    assert (blank.id, blank.title, blank.published_raw) == (truth.info_code, None, None)
    assert blank.published_at == f"{truth.published:%Y-%m-%d}T00:00:00+08:00"
    same = set(SAME) - {"title", "published_at", "published_precision"}
    assert {name: getattr(blank, name) for name in same} == {
        name: getattr(good, name) for name in same
    }


def test_real_files_say_what_their_pages_say(finews: Path) -> None:
    rendered: dict[str, list[Path]] = {}
    for path in (finews / "site").rglob("*.html"):
        rendered.setdefault(path.stem, []).append(path)
    compared = []
    for path in sorted([*finews.glob("posts/*.md"), *finews.glob("old_post/*.md")]):
        file = read(path.read_bytes(), path.name)
        if path.stem.startswith("-"):
            continue  # a blank record: no page is made of it
        number = path.stem.split("-", 3)[-1]
        for each in rendered.get(path.stem if path.parent.name == "old_post" else number, ()):
            if number == "202112082206703990":
                continue  # generation 0: its page has no layout, and is rejected
            page = read_page(f"/{each.relative_to(finews / 'site')}", each.read_bytes())
            assert said(file) == said(page), path.name
            assert file.summary == page.summary
            compared.append(file.id)
    assert (len(compared), len(set(compared))) == (16, 14)


def test_real_generation_0_and_blank_record(finews: Path) -> None:
    name = "2021-12-08-202112082206703990.md"
    oldest = read((finews / "posts" / name).read_bytes(), name)
    assert (oldest.published_at, oldest.body_rank) == (
        "2021-12-08T10:18:31+08:00",
        BodyRank.SUMMARY,
    )
    assert (oldest.categories, bool(oldest.title)) == (["emnews"], True)
    name = "-202205262391921712.md"
    blank = read((finews / "posts" / name).read_bytes(), name)
    assert (blank.title, blank.published_precision) == (None, "day")
    assert blank.published_at == "2022-05-26T00:00:00+08:00"


LISTS = {
    "tags: [甲, \"乙 丙\", '丁']": ["甲", "乙 丙", "丁"],
    "tags:\n- 甲\n- 乙 丙": ["甲", "乙 丙"],
    "tags:\n  - 甲  # 注\n\n  - 2022": ["甲", "2022"],
    "tags: [甲,\n  乙\n]": ["甲", "乙"],
    "tags: [2022-01-01, true, null, 1.50]": ["2022-01-01", "true", "null", "1.50"],
    "tags: []": [],
    "tags: [甲, {乙: 丙}, [丁]]": ["甲", "丁"],
}


@pytest.mark.parametrize("front", LISTS)
def test_lists_in_front_matter(front: str) -> None:
    said = f'title: "一"二"\n{DATE}\ncategories: moubao\n{front}'  # its title is not YAML
    article = read(post(said))
    assert (article.title, article.categories) == ('一"二', ["moubao"])
    assert (article.tags or []) == LISTS[front]


@pytest.mark.parametrize(
    "front",
    [
        "tags: [&a 甲, *a]",
        "tags: &a [甲, *a]",
        f"tags: {'[' * 3000}",
        f"tags: [{'甲, ' * 6000}]",
        "tags: [甲",
        "tags: !!python/object/apply:os.system [甲]",
    ],
)
def test_what_is_no_list_does_no_harm(front: str) -> None:
    article = read(post(f'title: "题"\n{DATE}\ncategories: moubao\n{front}'))
    assert (article.title, article.categories) == ("题", ["moubao"])


LONG = [f"标签{number}" for number in range(50)]


@pytest.mark.parametrize(
    ("front", "tags"),
    [
        ('tags: [财经,\n"A股"]', ["财经", "A股"]),
        ("tags: [\n财经,\nA股\n]", ["财经", "A股"]),
        ('"tags": [甲]', ["甲"]),
        ("'tags': [甲]", ["甲"]),
        ('"tags": 甲 乙', ["甲", "乙"]),
        ("tags : [甲]", ["甲"]),
        ("tags : 甲", ["甲"]),
        ("tags: &x [甲]", ["甲"]),
        ("tags: &x\n- 甲", ["甲"]),
        ("tags: !!seq [甲]", ["甲"]),
        ("tags: !!seq\n- 甲", ["甲"]),
        ("tags: [甲] # 注", ["甲"]),
        ("tags: # 注\n- 甲", ["甲"]),
        ("tags: ~", None),
        ("tags: null # 注", None),
        ("tags: |\n  甲\n  乙", ["甲", "乙"]),
        ("tags: 甲\n  乙", ["甲", "乙"]),
        ("tag: 甲", ["甲"]),
        ("tag: 甲 乙", ["甲 乙"]),  # as in Jekyll, whose singular keys are one value
        ('tag: "甲 乙"', ["甲 乙"]),
        ("tag: [甲 乙, 丙]", ["甲 乙", "丙"]),
        ("tag:\n- 甲\n- 乙", ["甲", "乙"]),
        ("tags: [乙]\ntag: 甲", ["甲"]),
        ("tag: 甲\ntags: [乙]", ["甲"]),
        ("tag: 甲\ntags: 乙", ["甲"]),
        ("tag:\ntags: 乙", ["乙"]),
        ("tags:\n- 甲: 乙\n- 丙", ["甲: 乙", "丙"]),
        ("tags: [甲: 乙, 丙]", ["甲: 乙", "丙"]),
        ("tags: [甲:乙, C#, a-b]", ["甲:乙", "C#", "a-b"]),
        ("tags:\n" + "\n".join(f"- {each}" for each in LONG), LONG),
        ("tags: [" + ",\n".join(LONG) + "]", LONG),
        # What the script writes, of sources called so:
        ("tags: 甲: 乙新闻", ["甲:", "乙新闻"]),
        ("tags: [甲]乙新闻", ["[甲]乙新闻"]),
        ("tags: *ST甲新闻", ["*ST甲新闻"]),
        ("tags: >甲新闻", [">甲新闻"]),
        ("tags: !甲新闻", ["!甲新闻"]),
        ("tags: @甲新闻", ["@甲新闻"]),
        ("tags: ~甲新闻", ["~甲新闻"]),
        ("tags: null新闻", ["null新闻"]),
        ("tags: - 甲新闻", ["-", "甲新闻"]),
    ],
)
def test_tags_as_yaml(front: str, tags: list[str] | None) -> None:
    for title in ('"题"', '"一"题"'):  # the second is not YAML
        for lines in (f"{front}\n{DATE}\ncategories: 某报", f"{DATE}\ncategories: 某报\n{front}"):
            article = read(post(f"title: {title}\n{lines}"))
            assert (article.title, article.tags) == (title[1:-1], tags)
            assert (article.categories, article.unknown) == (["某报"], None)
            assert article.published_precision == "second"


@pytest.mark.parametrize(("line", "categories"), [("category: a b", ["a b"]),
                                                  ("category: [a, b]", ["a", "b"]),
                                                  ("categories: a b", ["a", "b"])])  # fmt: skip
def test_categories_of_either_key(line: str, categories: list[str]) -> None:
    assert read(post(f'title: "题"\n{DATE}\n{line}')).categories == categories


@pytest.mark.parametrize(
    ("line", "title"),
    [
        ("title: null", None),
        ("title: ~", None),
        ("title: Null  # 注", None),
        ('title: "null"', "null"),
        ("title: 'null'", "null"),
        ("title: null 甲", "null 甲"),
        ("title: ~甲", "~甲"),
        ("'title': 甲", "甲"),
        ('"title": "甲"', "甲"),
        ('title : "甲"', "甲"),
        ("title: |\n  甲\n  乙", "甲 乙"),
        ("title: |-\n  甲：乙\n", "甲：乙"),
        ("title: >\n  甲\n\n  乙", "甲 乙"),
        ("title: >-\n  date: 甲\n  # 乙", "date: 甲 # 乙"),
        ("title: 甲\n  乙", "甲 乙"),
        ("title: '甲\n  乙'", "甲 乙"),
        ("title: '甲\n乙'", "甲 乙"),
        ('title: "甲\n  乙"', "甲 乙"),
        ('title:\n  "甲"', "甲"),
        ('title: "甲\nETF: 乙"', "甲 ETF: 乙"),
        ("title:\n  甲", "甲"),
        ('title: "一"甲\n乙"', '一"甲 乙'),  # not YAML
        ("title: !!str 甲", "甲"),
        ("title: &x 甲", "甲"),
        ("title: [公告] 甲", "[公告] 甲"),
        ("title: [公告]", "[公告]"),
        ("title: >5亿", ">5亿"),
        ("title: *ST甲", "*ST甲"),
        ("title: !重磅", "!重磅"),
        ("title: 甲: 乙", "甲: 乙"),
    ],
)
def test_title_as_yaml(line: str, title: str | None) -> None:
    article = read(post(f"{line}\n{DATE}\ntags: 甲新闻"))
    assert (article.title, article.tags, article.unknown) == (title, ["甲新闻"], None)


@pytest.mark.parametrize(
    ("front", "unknown"),
    [
        ("tags: [甲, {乙: 丙}]", {"front matter line": 1}),
        ("tags:\n- 乙: 丙\n  丁: 戊\n- 甲", {"front matter line": 1}),
        ("tags: 甲\ncategories: {乙: 丙}", {}),
        ("tags: 甲\ntitle:\n  乙: 丙", {"front matter line": 1}),
        ('tags: 甲\nexcerpt: "一\n二"', {"front matter excerpt": 1, "front matter line": 1}),
        ('tags: 甲\n"author": 乙', {"front matter author": 1}),
    ],
)
def test_what_has_no_value_is_counted(front: str, unknown: dict[str, int]) -> None:
    article = read(post(f"{DATE}\n{front}"))
    assert (article.tags, article.unknown or {}) == (["甲"], unknown)


@pytest.mark.parametrize(
    "front",
    [
        f"{HEAD}\n" + "- 一\n" * 50,
        f"{HEAD}\n" + "  一\n" * 50 + "- 二: {",
        f'{HEAD}\nexcerpt: "一\n' + "一段。\n" * 50,
        'title: "标题\n' + "<p>一段。</p>\n" * 50,
        f"{HEAD}\n" + "".join(f"key{number}: x\n" for number in range(50)),
        f"{HEAD}: [甲,\n乙\n{BODY}",
        f"{DATE}\ntags: [甲,\n{BODY}",
        f"{DATE}\ntags:\n- 甲\n{BODY}",
        f"{DATE}\ntags: 甲\n一段。",
    ],
)
def test_a_lost_end(front: str) -> None:
    with pytest.raises(sites.Unreadable) as raised:
        read(f"---\nlayout: post\n{front}\n---\n{BODY}\n")
    assert raised.value.reason == "cut_off"
