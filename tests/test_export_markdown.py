"""`newscrawl export --format markdown`: real readers of YAML and of Markdown take it."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from archives import article, fill, page
from crawls import command
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as lxml_html
from markdown_it import MarkdownIt

from newscrawl.archive.export.front_matter import plain_scalar, quoted_scalar
from newscrawl.archive.export.markdown_body import from_html, from_text
from newscrawl.items import Mention
from newscrawl.runs.outcome import Exit

RENDER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
MARKS = st.sampled_from(
    ["*", "**", "_", "`", "```", "~~~", "[a](http://x)", "![a](b)", "<script>alert(1)</script>",
     "<b>", "&#x41;", "# ", "- ", "+ ", "1. ", "2)", "> ", "===", "---", "***", "| a |", "\\",
     "<http://a.b>", "http://a.b", "www.a.b", "{{ site }}", "{% raw %}", "{: .x}", ": ", "[^1]",
     "[a]: http://x", "~~x~~", "==x==", "$x$", "!", "\n", "\n\n", "    ", "\t", "&amp;", "中", "“"]
)  # fmt: skip
WORDS = (
    st.lists(MARKS | st.text(max_size=5), max_size=12)
    .map("".join)
    .filter(lambda text: not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]", text))
)


def shown(markdown: str) -> Any:
    """Return what a reader of Markdown makes of it, as a tree."""
    return lxml_html.fragment_fromstring(RENDER.render(markdown), create_parent="div")


def squeezed(text: str) -> str:
    return "".join(text.split())


@given(WORDS)
def test_words_never_become_markup(text: str) -> None:
    tree = shown(from_text(text))
    assert {each.tag for each in tree.iterdescendants()} <= {"p"}
    assert " ".join(tree.text_content().split()) == " ".join(text.split())


@given(
    WORDS,
    WORDS,
    st.sampled_from(["b", "i", "span", "a", "li", "td", "blockquote", "h2", "pre"]),
    st.booleans(),
)
def test_words_in_a_body(one: str, other: str, tag: str, has_break: bool) -> None:
    tree = lxml_html.fragment_fromstring("<div><p></p></div>")
    within = tree if tag in {"blockquote", "h2", "pre"} else tree[0]
    inner = lxml_html.Element(tag)
    if tag == "td":
        row = lxml_html.fromstring("<table><tr><td>x</td></tr></table>")
        row.find(".//tr").append(inner)
        within = tree
        tree.append(row)
    else:
        within.append(inner)
    if tag == "a":
        inner.set("href", "https://x.test/?a=1&copy;<b>")
    inner.text, inner.tail = one, other
    if has_break:
        tree[0].append(lxml_html.Element("br"))
        tree[0][-1].tail = other
    source = lxml_html.tostring(tree, encoding="unicode")
    made = shown(from_html(source))
    assert squeezed(made.text_content()) == squeezed(lxml_html.fromstring(source).text_content())
    allowed = {"p", "br", "strong", "em", "blockquote", "h2", "ul", "li", "a",
               "table", "thead", "tbody", "tr", "th", "td"}  # fmt: skip
    assert {each.tag for each in made.iterdescendants()} <= allowed
    assert {each.get("href") for each in made.iter("a")} <= {"https://x.test/?a=1&copy;%3Cb%3E"}


@pytest.mark.parametrize(
    ("body", "markdown"),
    [
        ("<p>一<b>重</b>二</p><p>三</p>", "一**重**二\n\n三"),
        ("<p><strong>“引”</strong>后</p>", "“引”后"),  # no reader would take the stars
        ('<p><a href="https://q.test/a b">巨<i>化</i></a></p>', "[巨*化*](<https://q.test/a%20b>)"),
        ('<p><a href="javascript:x">点</a></p>', "点"),
        ('<p><img src="https://i.test/1.png" alt="图]"></p>', "![图\\]](<https://i.test/1.png>)"),
        ("<ul><li>甲<li><p>乙</p><p>丙</p></ul>", "- 甲\n\n- 乙\n\n  丙"),
        ("<ol><li>甲<li>乙</ol>尾", "1. 甲\n\n2. 乙\n\n尾"),
        ("<blockquote>引<br>文</blockquote>", "> 引  \n> 文"),
        ("<table><tr><th>甲<th>乙<tr><td>1|2</table>", "| 甲 | 乙 |\n| --- | --- |\n| 1\\|2 |  |"),
        ("<table><tr><td><p>单</p></table>", "单"),
        ("<h3>小<br>题</h3><hr>", "### 小 题\n\n* * *"),
        ("<pre>a\n b</pre>", "a  \nb"),
        ("<div>" * 1500 + "深" + "</div>" * 1500, "深"),
    ],
)  # fmt: skip
def test_body(body: str, markdown: str) -> None:
    assert from_html(body) == markdown


@given(st.text())
def test_any_text_is_yaml(text: str) -> None:
    assert yaml.safe_load(f"title: {quoted_scalar(text)}")["title"] == text
    assert yaml.safe_load(f"tags: {quoted_scalar([text])}")["tags"] == [text]
    assert yaml.safe_load(f"title: {plain_scalar(text)}")["title"] == (text or None)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("guojishangbao", "guojishangbao"),
        ("21shijijingjibaodao 21caijingAPP", "21shijijingjibaodao 21caijingAPP"),
        ("安信国际证券(香港)", "安信国际证券(香港)"),
        ("2021-12-28", '"2021-12-28"'),
        ("1e5", '"1e5"'),
        ("yes", '"yes"'),
        ("a: b", '"a: b"'),
        ("a #b", '"a #b"'),
    ],
)
def test_categories_as_the_mirror_writes_them(text: str, written: str) -> None:
    assert plain_scalar(text) == written


HOSTILE = 'a: "b" # c\n---\n- {{ x }} <script>\x85\u2028\ufeff'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "news.db"
    fill(
        made,
        article(page(), title=HOSTILE, body_html="<p>正<b>文</b></p>", summary="> 摘要\n---",
                mentions=[Mention("1", "600160", "巨化: 股份", "stock", 2)]),
        article(page("NW202112292228490029"), id="finews:../../x", title=None,
                body_html=None, body_text="- 一\n# 二", published_at=None),
    )  # fmt: skip
    return made


def read(text: str) -> tuple[dict[str, Any], str]:
    """Return front matter and body."""
    _, matter, body = re.split(r"^---\n", text, maxsplit=2, flags=re.MULTILINE)
    return yaml.safe_load(matter), body


def test_a_file_an_article(path: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = command("newscrawl", "export", "--format", "markdown", "--db", str(path), "-o", str(out))
    assert done.stderr == f"2 articles written to {out}; the last seq is 2\n"
    other, first = sorted(out.rglob("*"), key=lambda each: each.name[:2] == "NW")
    assert first.name == "NW202112282228490028.md"
    assert re.fullmatch(r"finews_\.\._\.\._x-[0-9a-f]{12}\.md", other.name)
    matter, body = read(first.read_text(encoding="utf-8"))
    assert matter["title"] == HOSTILE
    assert matter["published_at"] == datetime.fromisoformat("2021-12-28T14:27:35+08:00")
    assert matter["categories"] == ["guojishangbao"]
    assert matter["mentions"] == [
        {
            "market": "1",
            "code": "600160",
            "name": "巨化: 股份",
            "kind": "stock",
            "times": 2,
            "origin": "link",
        }
    ]
    tree = shown(body)
    assert [each.tag for each in tree] == ["h1", "blockquote", "p"]
    assert tree[0].text_content() == " ".join(HOSTILE.split())
    assert tree[1].text_content().split("\n")[1:3] == ["> 摘要", "---"]
    matter, body = read(other.read_text(encoding="utf-8"))
    assert (matter["title"], matter["published_at"]) == (None, None)
    assert [each.text for each in shown(body)] == ["- 一", "# 二"]


def test_one_after_the_other(path: Path, tmp_path: Path) -> None:
    words = ["newscrawl", "export", "--format", "markdown", "--db", str(path)]
    done = command(*words)
    parts = re.split(r"^---\n", done.stdout, flags=re.MULTILINE)
    codes = [yaml.safe_load(each)["id"] for each in parts[1::2]]
    assert codes == ["NW202112282228490028", "finews:../../x"]
    (tmp_path / "file").touch()
    done = command(*words, "-o", str(tmp_path / "file"))
    assert (done.returncode, "writes into a folder" in done.stderr) == (Exit.USAGE, True)


def test_jekyll_post_has_front_matter(path: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command("newscrawl", "export", "--format", "jekyll", "--db", str(path), "-o", str(out))
    post = out / "_posts" / "2021-12-28-NW202112282228490028.md"
    matter, body = read(post.read_text(encoding="utf-8"))
    assert matter["title"] == HOSTILE
    assert matter["date"] == "2021-12-28 14:27:35 +0800"  # to Ruby's reader it is a time
    assert (matter["layout"], matter["categories"]) == ("post", "guojishangbao")
    assert matter["tags"] == "国际商报新闻"
    assert "<p>正<b>文</b></p>" in body
    names = {each.relative_to(out).as_posix() for each in out.rglob("*.md") if each != post}
    assert re.fullmatch(r"_posts/0000-00-00-/x-[0-9a-f]{12}\.md", names.pop())
    assert not names
