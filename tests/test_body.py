"""Tests newscrawl/sites/eastmoney/body.py: an article's markup as safe HTML and as text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newscrawl.items import BodyRank, Mention
from newscrawl.sites.eastmoney import body
from newscrawl.sites.eastmoney.security_codes import security_kind

K_LINE = (
    '<!-- EM_StockImg_Start --><p style="text-align:center;"><a href="http://quote.eastmoney.com'
    '/unify/r/{id}" data-code="{code}" class="EmImageRemark" target="_blank"><img src="https://'
    'webquoteklinepic.eastmoney.com/GetPic.aspx?nid={id}&imageType=k&at=1" border="0" '
    'alt="K图 {code}_0" data-code="K {code}" width="578" height="276" /></a></p>'
    "<!-- EM_StockImg_End -->"
)
BARE_K_LINE = re.sub("<a .*?>|</a>", "", K_LINE)


def stock(security: str, name: str) -> str:
    """A security's first mention."""
    return (
        f'<span id="stock_{security}"><a href="http://quote.eastmoney.com/unify/r/{security}" '
        f'class="keytip" data-code="{security.replace(".", ",")}">{name}</a></span>'
        f'<span id="quote_{security}"></span>'
    )


def again(security: str, name: str) -> str:
    """A security's later mention."""
    return (
        f'<span web="1" href="http://quote.eastmoney.com/unify/r/{security}" '
        f'class="em_stock_key_common" data-code="{security.replace(".", ",")}">{name}</span>'
    )


def board(code: str, name: str) -> str:
    return (
        f'<span id="bk_90.{code}"><a href="http://quote.eastmoney.com/unify/r/90.{code}" '
        f'class="keytip" data-code="90,{code}">{name}</a></span>'
        f'<span id="bkquote_90.{code}"></span>'
    )


def keyword(number: str, url: str, name: str) -> str:
    return f'<span id="Info.{number}"><a href="{url}" class="infokey">{name}</a></span>'


PPI = keyword("338", "http://data.eastmoney.com/cjsj/ppi.html", "PPI")


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>一</p><p>二</p>", "一\n二"),
        ("<p>一</p>\r\n <p>二</p>", "一\n二"),
        ("<p>　　一&nbsp;　二 \n 三 </p >", "一 二 三"),
        ("<p>一<br>二<br /></p><p><br></p>", "一\n二"),
        (f"<p>(C{PPI}B)说</p>", "(CPPIB)说"),
        (f"<p>中国{board('BK0473', '证券')}业</p>", "中国证券业"),
        ("<p><strong>小题 </strong></p><p>甲<b>乙</b>丙</p>", "小题\n甲乙丙"),
        (f"{K_LINE.format(id='0.000625', code='000625|0|2')}<p>一</p>", "一"),
        (f"{BARE_K_LINE.format(id='90.BK1037', code='BK1037|90|1')}<p>一</p>", "一"),
        (f"{K_LINE.format(id='106.NIO', code='NIO|106|7')}<p>一</p>", "一"),
        ('<center><img src="https://x.com/a.png" alt="K图 1_0"></center><p>一</p>', "一"),
        ('<p style="display:none;height:1px;overflow:hidden;"><br /></p><p>一</p>', "一"),
        ('<p style="DISPLAY : none;"> 藏 </p><p>一</p>', "一"),
        ("<!--文章主体--> <p>一</p>", "一"),
        ("<p>一</p><p>（责任编辑：王某）</p>", "一"),
        ("<p>一</p><p>郑重声明：东方财富网发布此信息的目的在于传播。</p>", "一"),
        (
            "<p>郑重声明：近日有人冒用我集团名义。</p><p>二</p>",
            "郑重声明：近日有人冒用我集团名义。\n二",
        ),
        ("<p>一</p><p>打开微信，</p><p>点击底部的“发现”，使用</p>", "一"),
        (
            "<p>一</p><p>打开微信，</p><p>点击底部的“发现”，</p><p>使用“扫一扫”</p>"
            "<p>即可将网页分享至朋友圈。</p><p>二</p>",
            "一\n二",
        ),
        ("<p>打开微信，</p><p>搜索公众号。</p>", "打开微信，\n搜索公众号。"),
        ("<p>在东方财富看资讯行情，选东方财富证券一站式开户交易&gt;&gt;</p><p>一</p>", "一"),
        ("<p>一</p><p>想炒股，先开户！选东方财富证券，行情交易一个APP搞定&gt;&gt;</p>", "一"),
        ("<p>一</p><p>炒股第一步，先开个股票账户</p><p>立即开户</p>", "一"),
        ("<p>想炒股，先开户。这是监管的提醒。</p>", "想炒股，先开户。这是监管的提醒。"),
        ('<p>一</p><p><a href="https://acttg.eastmoney.com/pub/x">点击查看&gt;&gt;</a></p>', "一"),
        ('<p>一<a href="//acttg.eastmoney.com/pub/x">广告</a>二</p>', "一二"),
        ('<p>一<a href="https://acttg.eastmoney.com.cn/">链接</a></p>', "一链接"),
        ('<p><a class="toplink" href="x">试试新助理</a> &gt;&gt;</p><p>一</p>', "一"),
        ('<div class="ad_context3">买</div><div class="abstract">摘要</div><p>一</p>', "一"),
        ("<style>p{}</style><script>x()</script><iframe>y</iframe><p>一</p>", "一"),
        ("<p>一</p><p>(声明：文章内容仅供参考。)</p>", "一\n(声明：文章内容仅供参考。)"),
        ("<p>（责任编辑说：好）</p>", "（责任编辑说：好）"),
        ("<p>《&lt;甲&gt;乙》</p>", "《<甲>乙》"),
        ("一<p>二</p>三", "一\n二\n三"),
        ("<ul><li>一</li><li>二<p>三</p></li></ul>", "一\n二\n三"),
        ("<p>零宽\u200b空\ufeff格</p>", "零宽空格"),
        ("<p>甲\x00\x1f乙</p>", "甲乙"),
        (
            "<table><tbody><tr><th>名</th><th>价</th></tr>"
            "<tr><td><p>甲</p><p>乙</p></td><td>1<br>2</td></tr></tbody></table>后",
            "名\t价\n甲 乙\t1 2\n后",
        ),
        ("<table><tr><td>甲</td><td></td><td>丙</td></tr></table>", "甲\t\t丙"),
        (
            "<table><tr><th></th><th>今年</th></tr><tr><td>备注</td><td></td></tr></table>",
            "\t今年\n备注\t",
        ),
        ("<table><tr><td></td><td></td></tr></table><p>一</p>", "一"),
        (
            '<table><tr><td rowspan="2">华东</td><td>上海</td><td>1</td></tr>'
            "<tr><td>江苏</td><td>2</td></tr><tr><td>华北</td><td>北京</td><td>3</td></tr></table>",
            "华东\t上海\t1\n\t江苏\t2\n华北\t北京\t3",
        ),
        (
            '<table><tr><td>甲</td><td rowspan="2">乙</td></tr><tr><td>丙</td></tr></table>',
            "甲\t乙\n丙\t",
        ),
        (
            '<table><tr><th colspan="2">两年</th><th>增</th></tr>'
            "<tr><td>1</td><td>2</td><td>3</td></tr></table>",
            "两年\t\t增\n1\t2\t3",
        ),
        (
            '<table><tr><td rowspan="2">甲</td></tr></table><table><tr><td>乙</td></tr></table>',
            "甲\n乙",
        ),
        (
            '<table><tr><td colspan="x" rowspan="-1">甲</td></tr><tr><td>乙</td></tr></table>',
            "甲\n乙",
        ),
        (
            "<table><tr><td>外</td><td><table><tr><td>内</td><td>里</td></tr></table></td></tr>"
            "</table>",
            "外\t内 里",
        ),
    ],
)
def test_text(html: str, text: str) -> None:
    assert body.read_html(html).text == text


@pytest.mark.parametrize(
    "line",
    [
        "点击底部的“发现”，即可看到医保电子凭证。",
        "打开微信，点击底部的“发现”按钮进入小程序申购新股。",
        "郑重声明：东方财富信息股份有限公司近日发现有人冒用公司名义。",
        "郑重声明：东方财富网发布此信息的目的在于传播。",  # the site's own, but not at the end
        "炒股第一步，是学会看财报",
        "炒股第一步",
        "想炒股，先开户",
        "想炒股，先开户的时代已经过去，投资者更看重服务",
        "四大权益礼包是银行近期推出的新产品，含机票与酒店",
        "立即开户",
        "选东方财富证券的股民说，一站式开户交易很方便",
    ],
)
def test_sentences_of_articles_stay(line: str) -> None:
    assert body.read_html(f"<p>一</p><p>{line}</p><p>二</p>").text == f"一\n{line}\n二"
    assert body.read_html(f"<p>一<br>{line}<br>二</p>").text == f"一\n{line}\n二"


def test_an_instruction_of_an_article_stays() -> None:
    html = "<p>打开微信，</p><p>点击底部的“发现”，使用“扫一扫”</p><p>扫描药盒上的条码。</p>"
    text = "打开微信，\n点击底部的“发现”，使用“扫一扫”\n扫描药盒上的条码。"
    assert body.read_html(html).text == text


@pytest.mark.parametrize(
    "advert",
    [
        "<p>想炒股,先开户!选东方财富证券,行情交易一个APP搞定&gt;&gt;</p>",
        "<p>想炒股，先开户！选东方财富证券。行情交易一个app搞定。立即开户&gt;&gt;</p>",
        "<p>【四大权益礼包，开户即送】</p>",
        "<div>炒股第一步，先开个股票账户</div><div>立即开户&gt;&gt;</div>",
        '<p>四大权益礼包，新客专享。<a href="https://acttg.eastmoney.com/pub/x">领取</a></p>',
        '<p><a href="HTTPS://ACTTG.EASTMONEY.COM/pub/x">点击查看</a></p>',
        '<p><a href="//acttg.eastmoney.com:443/pub/x">点击查看</a></p>',
        '<p><img src="https://acttg.eastmoney.com/pub/x.png" alt="a"></p>',
        '<p><img src="https://acttg.eastmoney.com/pub/x.png" alt="a" /></p>',
    ],
)
def test_adverts_go(advert: str) -> None:
    found = body.read_html(f"<p>一</p>{advert}<p>二</p>")
    assert (found.text, found.html, found.images) == ("一\n二", "<p>一</p>\n<p>二</p>", [])


def test_an_advert_behind_a_line_break_goes() -> None:
    advert = "<b>想炒股，先开户！</b>选东方财富证券，行情交易一个APP搞定"
    found = body.read_html(f"<p>一<br>二<br>{advert}</p><p>三</p>")
    assert (found.text, found.html) == ("一\n二\n三", "<p>一<br>二</p>\n<p>三</p>")
    assert found.removed == {"sentence": 1}


@pytest.mark.parametrize(
    ("html", "source", "text"),
    [
        ('<p>一</p><p class="em_media">（文章来源：泉州晚报）</p>', "泉州晚报", "一"),
        (
            f'<p>一</p><p class="em_media">（文章来源：中国{board("BK0473", "证券")}报）</p>',
            "中国证券报",
            "一",
        ),
        ("<p>一</p><p>（文章来源：安信国际证券(香港)）</p>", "安信国际证券(香港)", "一"),
        ("<p>一</p><p>(文章来源:36氪)</p><p>（责任编辑：王某）</p>", "36氪", "一"),
        (
            "<p>一</p><p>（文章来源：21世纪经济报道  南财理财通）</p>",
            "21世纪经济报道 南财理财通",
            "一",
        ),
        ("<p>一。（文章来源：财联社）</p>", "财联社", "一。"),
        ("<p>一</p><p>（文章来源：财联社）（责任编辑：李四）</p>", "财联社", "一"),
        ('<p>一</p><p class="em_media">（文章来源：财联社）（责任编辑：李四）</p>', "财联社", "一"),
        ("<p>一</p><p>文章来源：界面新闻</p>", "界面新闻", "一"),
        ("<p>一</p><p>【文章来源：界面新闻】</p>", "界面新闻", "一"),
        ("<p>一</p><p>文章来源：甲财经 乙客户端</p>", "甲财经 乙客户端", "一"),
        ("<p>一</p><p>文章来源：安信国际证券(香港)</p>", "安信国际证券(香港)", "一"),
        ("<p>一</p><p>文章来源：财联社 责任编辑：李四</p>", "财联社", "一"),
        ("<p>一</p><p>（文章来源：财联社）责任编辑：李四</p>", "财联社", "一"),
        ("<p>一。（文章来源：财联社）（责任编辑：李四）</p>", "财联社", "一。"),
        ("<p>一。【文章来源：财联社】</p>", "财联社", "一。"),
        ("<p>一<br>文章来源：财联社</p>", "财联社", "一"),
        ("<p>一<br>（文章来源：财联社）<br>责编：甲</p>", "财联社", "一\n责编：甲"),
        (
            "<p>一</p><p>（文章来源：财联社）</p><p>责编：甲</p><p>校对：乙</p><p>审核：丙</p>"
            "<p>监制：丁</p>",
            "财联社",
            "一\n责编：甲\n校对：乙\n审核：丙\n监制：丁",
        ),
        ("<p>文章来源：甲报的报道，不是来源。</p>", None, "文章来源：甲报的报道，不是来源。"),
        ("<p>一</p><p>（文章来源：财联社 作者：张三）</p>", "财联社", "一"),
        ("<p>据（文章来源：甲）说</p>", None, "据（文章来源：甲）说"),
        ('<p>一</p><p class="em_media">来自别处</p>', None, "一\n来自别处"),
        ("<p>一</p>", None, "一"),
    ],
)
def test_source(html: str, source: str | None, text: str) -> None:
    found = body.read_html(html)
    assert (found.source, found.text) == (source, text)


@pytest.mark.parametrize("mark", ["", ' class="em_media"'])
@pytest.mark.parametrize("between", [" 作者：", "，作者：", " 作者:", "；记者："])
def test_author_behind_a_source(mark: str, between: str) -> None:
    found = body.read_html(f"<p>一</p><p{mark}>（文章来源：财联社{between}张三）</p>")
    assert (found.source, found.author) == ("财联社", "张三")
    assert body.read_html("<p>一</p><p>（文章来源：财联社）（责任编辑：李四）</p>").author is None


def test_source_line_stays_in_the_markup_and_mentions_nothing() -> None:
    line = f'<p class="em_media">（文章来源：上海{board("BK0473", "证券")}报）</p>'
    found = body.read_html(f"<p>一</p>{line}")
    assert found.html is not None
    assert "文章来源" in found.html
    assert found.mentions == []
    assert found.rank is BodyRank.LINKED


@pytest.mark.parametrize(
    ("html", "mentions"),
    [
        (
            f"<p>{stock('1.600160', '甲股份')}、{again('1.600160', '甲')}</p>"
            f"<p>{again('1.600160', '甲股份')}</p>",
            [Mention("1", "600160", "甲股份", "stock", 3)],
        ),
        (
            f"<p>{again('0.300343', '乙')}</p>",
            [Mention("0", "300343", "乙", "stock", origin="common_word")],
        ),
        (
            f"<p>{again('1.600160', '甲')}、{stock('1.600160', '甲股份')}</p>",
            [Mention("1", "600160", "甲", "stock", 2)],
        ),
        (f"<p>{board('BK0493', '新能源')}</p>", [Mention("90", "BK0493", "新能源", "board")]),
        (
            stock("116.00700", "丙控股").replace("stock_", "Info."),
            [Mention("116", "00700", "丙控股", "stock")],
        ),
        (PPI, []),
        (
            keyword("3259", "http://quote.eastmoney.com/unify/r/0.399006", "创业板指"),
            [Mention("0", "399006", "创业板指", "index")],
        ),
        (
            '<a href="http://quote.eastmoney.com/r/0.002353" class="keytip" '
            'data-code="002353">丁</a>',
            [Mention("0", "002353", "丁", "stock")],
        ),
        (
            '<span id="stock_1.600519"><a class="keytip" data-code="600519">戊</a></span>',
            [Mention("1", "600519", "戊", "stock")],
        ),
        ('<a class="keytip" data-code="600519">戊</a>', [Mention("", "600519", "戊", "unknown")]),
        (
            '<a class="keytip" data-code="1.600519">戊</a><a class="keytip" '
            'data-code="1, 600519">戊</a>',
            [Mention("1", "600519", "戊", "stock", 2)],
        ),
        (
            '<a class="keytip" href="https://quote.eastmoney.com/sh600519.html">戊</a>',
            [Mention("1", "600519", "戊", "stock")],
        ),
        (
            '<span class="em_stock_key_common" data-code="1,600519"><a class="keytip" '
            'data-code="1,600519">戊</a></span>',
            [Mention("1", "600519", "戊", "stock")],
        ),
        (
            '<span class="em_stock_key_common" href="https://baike.eastmoney.com/item/x">己</span>',
            [],
        ),
        ('<a href="https://finance.eastmoney.com/a/202205302396506117.html">全文</a>', []),
    ],
)
def test_mentions(html: str, mentions: list[Mention]) -> None:
    assert body.read_html(f"<p>{html}</p>").mentions == mentions


@pytest.mark.parametrize(
    ("market", "code", "kind"),
    [
        ("1", "600160", "stock"),
        ("1", "000001", "index"),
        ("0", "000001", "stock"),
        ("0", "399001", "index"),
        ("0", "832982", "stock"),
        ("1", "510300", "fund"),
        ("0", "159915", "fund"),
        ("1", "113050", "unknown"),
        ("90", "BK0473", "board"),
        ("100", "HSI", "index"),
        ("124", "HSCCI", "index"),
        ("105", "PDD", "stock"),
        ("107", "SPY", "stock"),
        ("116", "00700", "stock"),
        ("113", "rb2205", "future"),
        ("225", "si2301", "future"),
        ("119", "USDCNY", "forex"),
        ("", "600160", "unknown"),
        ("7", "x", "unknown"),
    ],
)
def test_kind_of(market: str, code: str, kind: str) -> None:
    assert security_kind(market, code) == kind


def test_html_keeps_the_articles_markup() -> None:
    html = (
        f"<p>甲{stock('1.600160', '乙股份')}<strong>丙</strong></p>\n"
        '<p><a href="https://finance.eastmoney.com/a/202205302396506117.html">全文</a></p>\n'
        '<center><img src="https://x.com/a_w9.jpg" alt="图片" width="10" height="20"></center>\n'
        '<table><tbody><tr><td colspan="2">丁</td></tr></tbody></table>\n'
        '<p class="em_media">（文章来源：戊报）</p>'
    )
    found = body.read_html(html)
    assert found.html == html.replace('<span id="quote_1.600160"></span>', "")
    assert found.images == ["https://x.com/a_w9.jpg"]
    assert found.unknown == {}
    again_found = body.read_html(found.html)
    assert again_found == found


def test_furniture_leaves_nothing_behind() -> None:
    furniture = (
        '<p style="display:none;height:1px;overflow:hidden;"><br /></p>'
        + K_LINE.format(id="0.002752", code="002752|0|2")
        + BARE_K_LINE.format(id="0.000625", code="000625|0|2")
    )
    assert body.read_html(f"{furniture}\n<p>一</p>").html == "<p>一</p>"
    removed = {"hidden": 1, "chart": 2}
    assert body.read_html(furniture) == body.Body(removed=removed)
    found = body.read_html(f"{furniture}<p>一</p>")
    assert found.removed == removed
    assert found.mentions == [
        Mention("0", "002752", "", "stock", origin="chart"),
        Mention("0", "000625", "", "stock", origin="chart"),
    ]


CHARTS = {
    '<img src="https://webquoteklinepic.eastmoney.com/GetPic.aspx?imageType=k&nid=1.600519">': (
        "1", "600519"),
    '<img src="//host.test/GetPic.aspx?nid=90.BK0493&imageType=k">': ("90", "BK0493"),
    '<img alt="K图 NIO_0" data-code="K NIO|106|7" src="https://a.test/x.png">': ("106", "NIO"),
    '<a href="http://quote.eastmoney.com/unify/r/116.00700"><img alt="K图 x" src="x.png"></a>': (
        "116", "00700"),
    '<img alt="K图 600519_1" src="x.png">': ("1", "600519"),
    '<img alt="K图 00700_116" src="x.png">': ("116", "00700"),
    '<img alt="K图 SH600519" src="x.png">': ("1", "600519"),
    '<img src="https://pic.test/GetPic.aspx?id=6005191&imageType=k">': ("1", "600519"),
    '<img src="https://pic.test/GetPic.aspx?imageType=k&id=3007502">': ("0", "300750"),
    '<img src="https://webquoteklinepic.test/x?nid=1.600519.png">': ("1", "600519"),
    '<img src="https://webquoteklinepic.test/x?nid=105.aapl">': ("105", "AAPL"),
    '<a href="https://quote.eastmoney.com/sh600519.html"><img alt="K图" src="x.png"></a>': (
        "1", "600519"),
    '<a href="//quote.eastmoney.com/concept/sz300750.html"><img alt="K图" src="x"></a>': (
        "0", "300750"),
    '<a href="//quote.eastmoney.com/bk/90.BK0475.html"><img alt="K图" src="x"></a>': (
        "90", "BK0475"),
    '<span data-code="600519|1|1"><img alt="K图" src="x.png"></span>': ("1", "600519"),
}  # fmt: skip


@pytest.mark.parametrize("chart", CHARTS)
def test_charts(chart: str) -> None:
    found = body.read_html(f"<p>一</p><p>{chart}</p>")
    assert [(each.market, each.code, each.origin) for each in found.mentions] == [
        (*CHARTS[chart], "chart")
    ]


@pytest.mark.parametrize(
    ("html", "kind"),
    [
        ('<p><a href="https://acttg.eastmoney.com/pub/x">立即领取</a></p>', "advert"),
        ('<div class="em_handle_adv_close">广告</div>', "advert"),
        ('<div class="ad_context3">广告</div>', "advert"),
        ("<p>想炒股，先开户！选东方财富证券</p>", "sentence"),
        ("<p>（责任编辑：9）</p>", "sentence"),
        ("<p hidden>看不见</p>", "hidden"),
        ("<script>x</script>", "other"),
    ],
)
def test_what_is_removed_is_counted_by_kind(html: str, kind: str) -> None:
    assert body.read_html(f"<p>一</p>{html}").removed == {kind: 1}


def test_images_are_the_real_ones_once() -> None:
    found = body.read_html(
        '<center><img src="//np-newspic.dfcfw.com/a.jpg"></center>'
        '<center><img src="https://dfscdn.dfcfw.com/b.jpg" orginial_src="https://x/b_o.jpg"></center>'
        '<p><img src="https://dfscdn.dfcfw.com/b.jpg"><img src="data:image/png;base64,xx"><img></p>'
        + K_LINE.format(id="1.600160", code="600160|1|1")
    )
    assert found.images == ["https://np-newspic.dfcfw.com/a.jpg", "https://dfscdn.dfcfw.com/b.jpg"]
    assert found.text is None
    assert found.html is not None
    assert "GetPic" not in found.html


@pytest.mark.parametrize(
    ("html", "text", "unknown"),
    [
        ("<p>一<video>二</video></p>", "一二", {"video": 1}),
        ("<p>一<textarea>二</textarea></p>", "一二", {"textarea": 1}),
        ('<p><span class="hot">一</span><span class="hot">二</span></p>', "一二", {"span.hot": 2}),
        ('<p><span id="fund_1.510300">一</span></p>', "一", {"span#fund": 1}),
        ('<p><span id="quote_1.600160">12.3</span></p>', "12.3", {"span#quote with text": 1}),
        ("<p>一<!--IMG#0--></p>", "一", {"comment IMG#0": 1}),
        (
            '<p class="em_media">一</p>',
            "一",
            {"p.em_media without 文章来源": 1},
        ),
        ('<p style="color:red" align="center">一<font color="red">二</font></p>', "一二", {}),
        ("<script><b class=x>y</b></script><p>一</p>", "一", {}),
    ],
)
def test_unknown_is_counted_and_its_text_kept(
    html: str, text: str, unknown: dict[str, int]
) -> None:
    found = body.read_html(html)
    assert (found.text, found.unknown) == (text, unknown)
    assert found.html is not None
    assert "".join(body.body_lines(body.parse_fragment(found.html))) == text


@pytest.mark.parametrize(
    "html",
    [
        '<p onclick="x()">一</p>',
        '<p>一<a href="javascript:x()">二</a></p>',
        '<p>一<span class="keytip" href=" javascript:x()">二</span></p>',
        '<p>一<img src="x" onerror="x()"></p>',
        "<p>一<svg><script>x()</script></svg></p>",
        '<p>一<math><mi xlink:href="data:x,<script>x()</script>">二</mi></math></p>',
        '<p>一<form action="x"><input value="x()"></form></p>',
        "<p>一</p><script>x()",
        '<p>一<noscript><p title="</noscript><img src=x onerror=x()>"></noscript></p>',
        '<p style="background:url(javascript:x())">一</p>',
    ],
)
def test_html_is_safe(html: str) -> None:
    found = body.read_html(html)
    assert found.html is not None
    assert "一" in (found.text or "")
    assert not re.search(r"<script|javascript:|<[^>]*\son\w+=|style=|<form|<svg", found.html)


def test_deep_nesting_is_read() -> None:
    found = body.read_html("<div>" * 490 + "深" + "</div>" * 490)
    assert found.text == "深"


pieces = st.sampled_from(
    [
        "<p>", "</p>", "<br>", "<div>", "</div>", "<table>", "<tr>", "<td>", "</td>", "</tr>",
        "</table>", "<span id='stock_1.600160'>", "<a class='keytip' data-code='1,600160'>", "</a>",
        "</span>", "一", "　", "&nbsp;", "\r\n ", "（文章来源：甲报）", "<p class='em_media'>",
        "<!--x-->", "<center>", "<img src='https://x/y.jpg'>", "<script>", "</script>", "<x-y>",
        "&#0;", "&#xD800;", "\x0b", "<![CDATA[", "<?pi?>", "</div></div>", "<li>", "<select>",
    ]
)  # fmt: skip


@given(st.lists(pieces | st.text(max_size=3)).map("".join))
def test_any_markup_gives_clean_lines(html: str) -> None:
    found = body.read_html(html)
    for line in (found.text or "一").split("\n"):
        assert line
        assert line == line.strip()
        assert all(cell == " ".join(cell.split()) for cell in line.split("\t"))
    assert not re.search(
        "[\x00-\x08\x0b-\x1f\ud800-\udfff]", (found.text or "") + (found.html or "")
    )
    assert "<script" not in (found.html or "")
    if found.text:
        assert found.html
        assert found.rank is not None
