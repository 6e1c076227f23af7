"""newscrawl/sites/eastmoney/usual_body.py: what is read without a tree is what the tree says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from samplesite import Site
from test_body import BARE_K_LINE, K_LINE, PPI, again, board, keyword, stock

from newscrawl import sites
from newscrawl.items import Article, Page
from newscrawl.sites.eastmoney import body as bodies
from newscrawl.sites.eastmoney import usual_body
from newscrawl.sites.finews import post_file
from newscrawl.sites.html import SURE_CHARACTERS, SURE_TAGS
from newscrawl.text.sanitize import strip_controls

SHARE = stock("1.600999", "云岚股份")
SOURCE = '<p class="em_media">（文章来源：演示商报）</p>'
IMAGE = '<img src="https://x.test/a_w1.jpg" alt="图片" width="552" orginial_src="https://x/" />'


def by_tree(markup: str) -> bodies.Body:
    """Read a body as every unusual one is read."""
    return bodies.read_body(bodies.parse_fragment(markup))


USUAL = [
    "<p>一</p><p>二</p>",
    "<p>一</p>\n <p>二</p>\n",
    "\n<p>　　一 二\n　三</p>",
    "<p>一<br />二<br/></p><p><br></p><p></p><p> </p>",
    "<p><strong>小题</strong></p><p>甲<b>乙</b>丙<strong>丁<b>戊</b></strong></p>",
    f"<p>一</p>{SOURCE}",
    f"{SOURCE}<p>一</p>",
    f"<p>{SHARE}涨，{again('1.600999', '云岚')}又涨</p>",
    f"<p>{board('BK0473', '证券')}<strong>{again('1.600999', '云岚')}</strong></p>",
    f"<p>{keyword('338', 'http://data.eastmoney.com/cjsj/ppi.html', 'PPI')}回落</p>",
    f"<p>(C{PPI}B)说</p>",
    f"<center>{IMAGE}</center><p>一{IMAGE}二</p>",
    '<p style="text-align:center;" align="center">图</p>',
    f"{K_LINE.format(id='0.000625', code='000625|0|2')}<p>一</p>",
    f"<p>一</p> {BARE_K_LINE.format(id='90.BK1037', code='BK1037|90|1')}<p>二</p>",
    '<p style="display:none;height:1px;overflow:hidden;"><br /></p><p>一</p>',
]


@pytest.mark.parametrize("markup", USUAL)
def test_usual(markup: str) -> None:
    found = usual_body.read_usual_body(markup)
    assert found is not None
    assert found == by_tree(markup)


UNUSUAL = [
    "", " ", "一", "<p></p>", "<p>一", "<p>一<p>二</p>", "<p>一</strong></p>", "<p><b>一</p></b>",
    "<p><strong>一<strong>二</strong></strong></p>", "<p>一</p>二", "<div>一</div>", "<P>一</P>",
    "<p>一 &lt; 二</p>", "<p>一 > 二</p>", "<p>一\xa0二</p>", "<p>e\u0301</p>", "<p>一\u202e二</p>",
    "<p>（责任编辑：某）</p>", "<p>一（文章来源：演示商报）</p>", "<p>（文章来源：演示商报）</p>",
    f"<p>一</p>{SOURCE}{SOURCE}", '<p class="em_media">一</p>', '<p class="other">一</p>',
    '<p class="em_media">（文章来源： ）</p>', "<p><a href='http://x.test/'>一</a></p>",
    '<p><a href="javascript:x" class="keytip" data-code="1,600999">一</a></p>',
    '<p><a href="//x.test/" class="keytip" data-code="1,600999">一</a></p>',
    '<p><a href="http://x.test/" class="keytip" data-code="600999">一</a></p>',
    '<p><a href="http://x.test/" class="keytip" data-code="1,600999"><b>一</b></a></p>',
    '<p><a href="http://x.test/" class="keytip" data-code="1,600999"> </a></p>',
    f"<p>{keyword('3259', 'http://quote.eastmoney.com/unify/r/1.000001', '沪指')}</p>",
    '<p><span id="quote_1.600999"></span>一</p>', '<p><span id="quote_1.600999">一</span></p>',
    '<p><strong><span id="quote_1.600999"></span></strong>一</p>',
    '<p><span id="own">一</span></p>', '<p hidden="">一</p>', '<p style="display:none">一</p>',
    '<p style="a" style="display:none">一</p>', '<p style="display&#58;none">一</p>',
    '<p>一<img src="/a.png" /></p>', '<p>一<img src="https://x.test/a.png" alt="K图 1_0" /></p>',
    '<p>一<img src="https://x.test/a.png" class="x" /></p>',
    '<p>一<p style="display:none;height:1px;overflow:hidden;"><br /></p></p>',
    "<center><p>一</p></center>", "<p><center>一</center></p>", "<!-- other --><p>一</p>",
    "<p>一<!-- EM_StockImg_Start --></p>", "<table><tr><td>一</td></tr></table>",
    "<p>一</p></p>", "</p><p>一</p>", "<p>" + "一" * SURE_CHARACTERS + "</p>",
    "<p>一</p>" * SURE_TAGS,
    # Addresses that the cleaner drops: their hosts are invalid.
    *(f'<p><a href="{each}" class="infokey">一</a></p>' for each in (
        "http://x:99999/", "http://a:b/", "http://%/", "http://1.2.3.999/", "http://xn--/",
        "https://?", "http://quote.ea0.300671", "http://x/", "http://a..b.com/", "http://-a.com/",
    )),
    '<p>一<img src="https://x.test/a.png" width="100%" /></p>',
    '<p style="a" />一</p>', "<p />一</p>", '<p>一<img src="https://1.2.3.999/a.png" /></p>',
    '<p>一</p><p>\u200b<span id="quote_1"></span></p>',
    '<p>一</p><p>\xad<span id="quote_1"></span></p>',
    '<p style="text-align:center;"><img src="https://webquoteklinepic.x/" alt="K图 /></p><p>"</p>',
    '<p>一</p><p style="text-align:center;"><a class="EmImageRemark"/>'
    '<img src="https://x.test/a.png"></a></p>',
]  # fmt: skip


@pytest.mark.parametrize("markup", UNUSUAL, ids=lambda markup: markup[:60])
def test_unusual(markup: str) -> None:
    assert usual_body.read_usual_body(markup) is None


def test_what_tags_mean_is_kept_of_some() -> None:
    """Of the last ones met, and of no long ones: posts may hold anything."""
    for number in range(1 << 14):
        assert usual_body._TAGS[f'<span id="stock_1.{number:06}">'] is not None
    assert len(usual_body._TAGS) <= 1 << 14
    assert usual_body._TAGS["<p>"] == usual_body.FIXED["<p>"]
    long = f'<p style="{"a" * usual_body.LONGEST_KEPT}">'
    assert usual_body._TAGS[long] == usual_body.FIXED["<p>"]
    assert long not in usual_body._TAGS


TAGS = sorted(
    {
        *usual_body.FIXED,
        '<p style="text-align:center;">', f"<center>{IMAGE}</center>", IMAGE, SHARE, PPI,
        again("1.600999", "云岚"), board("BK0473", "证券"), SOURCE, "<div>", "</div>", "<P>",
        '<span id="stock_1.600999">', '<span id="quote_1.600999"></span>', '<span id="x">',
        '<a href="http://x.test/" class="keytip" data-code="1,600999">', "<br></br>", "<table><tr>",
        '<a href="http://x.test/" class="infokey">', "<a>", "<i>", "<font>", "<!--", "-->", "<p",
        K_LINE.format(id="0.000625", code="000625|0|2"), "</center><p>", "</p><p>", "<", ">",
        '<p style="display:none;height:1px;overflow:hidden;"><br /></p>', '<p class="em_media">',
    }
)  # fmt: skip
TEXTS = ("一", "银行", " ", "\n", "　", "a b", "&amp;", "&nbsp;", "（文章来源：甲）", "责任编辑")


@settings(max_examples=500, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(TAGS), st.sampled_from(TEXTS), st.text(max_size=3))))
@example(["<p>", "\x0b", "</p>"])
def test_pieces_are_read_alike(pieces: list[str]) -> None:
    markup = strip_controls("".join(pieces))
    found = usual_body.read_usual_body(markup)
    assert found is None or found == by_tree(markup)


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="<>&\xa0"), max_size=12)
ENTITIES = st.sampled_from((SHARE, PPI, again("1.600999", "云岚"), board("BK0473", "证券")))
INLINE = st.one_of(WORDS, ENTITIES, st.just("<br />"), WORDS.map(lambda x: f"<strong>{x}</strong>"))
PARAGRAPH = st.lists(INLINE, max_size=6).map(lambda parts: f"<p>{''.join(parts)}</p>")
BLOCK = st.one_of(PARAGRAPH, st.sampled_from((SOURCE, f"<center>{IMAGE}</center>", "\n", " ")))


@settings(max_examples=500, deadline=None)
@given(st.lists(BLOCK, max_size=8))
def test_bodies_are_read_alike(blocks: list[str]) -> None:
    markup = strip_controls("".join(blocks))
    found = usual_body.read_usual_body(markup)
    assert found is None or found == by_tree(markup)


def file_of(name: str, body: bytes) -> Page:
    return Page(
        "post_file", post_file.id_of(name), f"file:///{name}", body, "2030-01-01T00:00:00+00:00"
    )


def said(page: Page) -> Article | str:
    try:
        return sites.read_page(page)
    except sites.Unreadable as error:
        return error.reason


@pytest.fixture
def by_tree_alone(monkeypatch: pytest.MonkeyPatch) -> Callable[[Page], Article | str]:
    def read(page: Page) -> Article | str:
        with monkeypatch.context() as patch:
            patch.setattr(usual_body, "read_usual_body", lambda _: None)
            return said(page)

    return read


def test_made_posts(by_tree_alone: Callable[[Page], Article | str]) -> None:
    for each in (Site(articles=200), Site(articles=400, oddities=frozenset({"all"}), seed=3)):
        for name, body in each.posts():
            page = file_of(name, body)
            assert said(page) == by_tree_alone(page), name


def test_real_posts(finews: Path, by_tree_alone: Callable[[Page], Article | str]) -> None:
    for path in (finews / "posts").glob("*.md"):
        page = file_of(f"posts/{path.name}", path.read_bytes())
        assert said(page) == by_tree_alone(page), path.name


MADE = [body for _, body in Site(articles=60, oddities=frozenset({"all"})).posts()]
PLAIN = (
    '---\nlayout: post\ntitle: "题"\ndate: 2022-05-30 22:00:29 +0800\ncategories: emnews\n'
    "tags: 东财滚动新闻\n---\n{}\n\n<http://finews.zning.xyz/html_News/NewsShare.html?infoCode="
    "NW202205302396671645>\n\n[返回甲](//finews.withounder.com/emnews/)｜[返回首页](//x.test/)\n"
)
PIECES = (
    "　　第一段。",
    "二",
    " ",
    "\n",
    "\n\n",
    "\u200b",
    "> ",
    "<p>三</p>",
    "a\xa0",
    "&amp;",
    "，",
)


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.sampled_from(PIECES), max_size=10).map("".join))
def test_plain_posts_are_read_alike(
    by_tree_alone: Callable[[Page], Article | str], text: str
) -> None:
    page = file_of("_posts/2022-05-30-NW202205302396671645.md", PLAIN.format(text).encode())
    assert said(page) == by_tree_alone(page)


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.sampled_from(MADE), st.data())
def test_damaged_posts_are_read_alike(
    by_tree_alone: Callable[[Page], Article | str], body: bytes, data: st.DataObject
) -> None:
    text = body.decode("utf-8", "replace")
    for _ in range(data.draw(st.integers(1, 3))):
        begin = data.draw(st.integers(0, len(text)))
        end = begin + data.draw(st.integers(0, 30))
        text = (
            text[:begin] + data.draw(st.sampled_from(("", "　", "\u200b", '"', "<p>"))) + text[end:]
        )
    page = file_of("_posts/2022-05-30-NW202205302396671645.md", text.encode())
    assert said(page) == by_tree_alone(page)


def test_nearly_all_bodies_are_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the archive would be loaded three times as slowly, unnoticed."""
    trees = []
    read = bodies.read_body
    monkeypatch.setattr(bodies, "read_body", lambda root: trees.append(root) or read(root))
    posts = list(Site(articles=300).posts())
    for name, body in posts:
        said(file_of(name, body))
    assert len(trees) < len(posts) / 20
