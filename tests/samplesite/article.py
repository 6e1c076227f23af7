"""Writes an article: a pure function of the plan and the article's number."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from newscrawl.demo.dice import Dice, mix
from newscrawl.demo.words import (
    BOARDS,
    BROKERS,
    FALSE_LINK,
    HONG_KONG,
    INDEX,
    KEYWORDS,
    NASDAQ,
    NYSE,
    PPI,
    Security,
    company,
    shown,
    title,
    write_paragraph,
    write_sentence,
)
from newscrawl.items import BodyRank, Origin
from samplesite.dialect import Body, Inline, Markup, squeeze
from samplesite.kramdown import shown as shown_digest
from samplesite.plan import CHINA, EMNEWS_GENERATIONS, Kind, Plan
from samplesite.truth import Post, Told, Truth

BREAK = Markup("<br />", "\n")
STRONG, STRONG_END = Markup("<strong>", ""), Markup("</strong>", "")
DIGEST_ONLY = frozenset({"1", "2", "3", "4", "5", "7a"})
TAILLESS = frozenset({"0", "1", "2", "3", "4"})
"""Generations whose digest does not name its source."""
COLUMNS = ("finance.eastmoney.com/news/1353", "stock.eastmoney.com/news/1405")
OTHER_SOURCE = "证券日报"


def local(second: int) -> datetime:
    """Unix seconds as a time in China."""
    return datetime.fromtimestamp(second, CHINA)


def title_of(plan: Plan, number: int) -> str:
    """An article's title: cheap, for listings."""
    when = local(plan.second(number))
    kind = plan.kind(number)
    if kind.oddity == "notice":
        text = "本站公告" if number == plan.first_notice else f"本站公告之{number}"
    else:
        text = title(Dice(plan.seed, number, 3), f"{when.month}月{when.day}日")
    if kind.oddity == "quoted_title":
        text = f'{text}："{BOARDS[number % len(BOARDS)].name}"怎么看'
    version = plan.edits.get(number, 0)
    return f"{text}（更正{version}）" if version % 2 else text


def article(plan: Plan, number: int) -> Truth:
    """The article of a number.

    Raises IndexError for a number that the site does not have.
    """
    if not 0 <= number < plan.articles:
        raise IndexError(f"no article {number}: the site has {plan.articles}")
    kind, digits = plan.kind(number), plan.digits(number)
    generation = kind.generations[0]
    posts = tuple(post_of(plan, number, place) for place in range(len(kind.generations)))
    title = title_of(plan, number)
    source: str | None = source_of(kind)
    body, digest = write(plan, number, source or "")
    full = Told(body.lines, body.mentions, tuple(body.images))
    told = full
    if generation in DIGEST_ONLY or generation == "0":
        told = Told((shown_digest(digest).removesuffix(f"（{source}）"),), (), ())
        source = source if generation not in TAILLESS else None
    elif "6" not in kind.generations:
        charts = tuple(each for each in full.mentions if each.origin == Origin.CHART)
        told = Told(full.paragraphs, charts, full.images)
        digest = ""
    bare = generation == "0" or kind.oddity == "quoted_title"
    slugs = () if generation == "0" else dict.fromkeys(each.slug for each in kind.shelves)
    listings = [word for each in kind.shelves for word in each.categories if kind.listed]
    share = "choicewzp1.eastmoney.com" if generation == "7a" else "finews.zning.xyz"
    is_nw = digits and not EMNEWS_GENERATIONS.issuperset(kind.generations)
    is_em = digits and not EMNEWS_GENERATIONS.isdisjoint(kind.generations)
    return Truth(
        number=number,
        info_code=f"NW{digits}" if digits else f"finews:{plan.name(number, 'notice')}",
        digits=digits,
        title=title,
        published=local(plan.second(number)),
        list_source=kind.source.name if digits else None,
        source=squeeze(source) if digits and source else None,
        slugs=tuple(slugs),
        listings=tuple(word for word in listings if word in plan.category_pages),
        tags=() if bare else tuple(tag for each in kind.shelves for tag in each.tags),
        digest=digest or None,
        digest_shown=shown_digest(digest) if digest else None,
        paragraphs=told.paragraphs,
        mentions=told.mentions,
        images=told.images,
        full=full,
        share_url=f"http://{share}/html_News/NewsShare.html?infoCode=NW{digits}" if is_nw else None,
        original_url=f"http://{COLUMNS[number % 2]},{digits}.html" if is_em else None,
        posts=posts,
        oddities=frozenset({kind.oddity} if kind.oddity else ()),
        body=body,
    )


def post_of(plan: Plan, number: int, place: int) -> Post:
    """One post of an article: where its page is follows from its time, categories and name."""
    kind = plan.kind(number)
    generation, shelf = kind.generations[place], kind.shelves[place]
    name = plan.name(number, generation)
    file = f"{local(plan.second(number)):%Y-%m-%d}-{name}"
    when = local(plan.page_second(number, place))
    printed: str | None = f"{when:%Y-%m-%d %H:%M:%S}"
    rank = BodyRank.LINKED if generation == "6" else BodyRank.FULL
    if generation in DIGEST_ONLY:
        rank = BodyRank.SUMMARY
    path = "/" + "/".join(word.lower() for word in shelf.categories) + f"/{when:%Y/%m/%d}/{name}"
    if kind.oddity == "quoted_title":
        path, printed = f"/{when:%Y/%m/%d}/{file}", None
    elif kind.oddity == "old_post":
        path = f"/old_post/{file}"
    elif generation == "0":
        path, printed = f"/{when:%Y/%m/%d}/{name}", None
    return Post(
        generation=generation,
        path=f"{path}.html",
        file=f"{file}.md",
        shelf=shelf,
        printed=printed,
        linked=kind.listed,
        rank=None if generation == "0" else rank,
    )


def source_of(kind: Kind) -> str:
    """The source that the body names."""
    if kind.oddity == "other_source":
        return OTHER_SOURCE if kind.source.name != OTHER_SOURCE else "上海证券报"
    return "上海证券报" if kind.oddity == "linked_source" else kind.source.name


def write(plan: Plan, number: int, source: str) -> tuple[Body, str]:
    """The body of an article and its digest."""
    kind = plan.kind(number)
    dice = Dice(plan.seed, number, 4)
    subject = company(Dice(plan.seed, number, 3))  # the one of the title
    version = plan.edits.get(number, 0)
    # What was added once stays: later versions change the title, and do not take the text back.
    revised = f"本文经第{version - version % 2}次修订，补充了一处数据。" if version >= 2 else ""
    body = Body(crlf=kind.oddity == "crlf" or (kind.oddity is None and dice.one_in(3)))
    if kind.oddity == "notice":
        body.paragraph(f"本站第{number}号公告：页面每五分钟更新一次。{revised}")
        return body, ""
    furnish(body, kind, subject, dice)
    summary = shown(write_sentence(dice, subject) + write_sentence(dice, company(dice)))
    body.paragraph(summary.replace("。", "，", 1))
    for place in range(dice.number(3, 12)):
        if place == 1 and kind.oddity in EXTRAS:
            EXTRAS[kind.oddity](body, subject, dice)
        body.paragraph(*write_paragraph(dice, subject))
        if place == 2 and kind.oddity is None and dice.one_in(4):
            body.image(picture(dice), "")
    if kind.oddity == "disclaimer":
        body.paragraph("(声明：本文为演示而作，不构成任何建议。)")
    if revised:
        body.paragraph(revised)
    if kind.oddity == "linked_source":
        body.source("（文章来源：上海", BROKERS, "报）")
    else:
        body.source(f"（文章来源：{source}）")
    digest = digest_of(kind, summary)
    if kind.generations[0] in DIGEST_ONLY:
        digest += revised
    return body, digest if kind.generations[0] in TAILLESS else f"{digest}（{source}）"


def digest_of(kind: Kind, summary: str) -> str:
    """The digest without its tail: what the script keeps after the last 】 of 【title】text."""
    match kind.oddity:
        case "digest_star":
            return f"*ST云岚、*ST海澄披露进展。{summary}"
        case "digest_bar":
            return f"成交额与换手率 | {summary}"
        case "digest_quotes":
            return f'"链主"企业增至三家 -- {summary}...'
        case "digest_bracket":
            return f"【摘要】早盘要点【更新】{summary}".split("】")[-1]
        case _:
            return summary


def furnish(body: Body, kind: Kind, subject: Security, dice: Dice) -> None:
    """What stands before the text: a hidden paragraph, a K-line image."""
    if kind.oddity == "kline_board":
        body.kline(dice.pick(BOARDS))
    elif kind.oddity == "kline_bare":
        body.kline(subject, anchor=False)
    elif kind.oddity == "us_stocks":
        body.kline(NYSE)
    elif kind.oddity == "hidden" or (kind.oddity is None and dice.one_in(5)):
        body.hidden("<br />" if dice.one_in(2) else " ")
        body.kline(subject)


def picture(dice: Dice) -> str:
    """An image's file name, with its size."""
    number = f"D2{mix(dice.number(0, 10**12)) % 10**18:019d}"
    return f"{number}_w{dice.number(400, 1080)}h{dice.number(300, 900)}"


def _images(body: Body, subject: Security, dice: Dice) -> None:
    name = picture(dice)
    original = f"https://dfscdn.dfcfw.com/download/{name}_o.jpg"
    body.image(picture(dice), 'alt="Image" width="552" ')
    body.image(name, f'width="580" orginial_src="{original}" ')
    body.paragraph("图片来源：演示图库", style="text-align:center;")
    body.image(picture(dice), 'alt="图片" ')


def _subtitles(body: Body, subject: Security, dice: Dice) -> None:
    body.paragraph(Markup("<strong>影响几何？ </strong>", "影响几何？ "))
    body.paragraph("其中", STRONG, subject, "、", company(dice), STRONG_END, "的变化最受关注。")


def _later(body: Body, subject: Security, dice: Dice) -> None:
    stranger = Security("1", "605999", "岚屿材料")
    body.paragraph("不同的是，", stranger, "此前没有披露过预案。", nested=True)
    body.paragraph(subject, "与", subject, "的对手方都未回应，", stranger, "亦然。")


def _words(*tokens: Inline) -> Callable[[Body, Security, Dice], None]:
    """Writes one paragraph of these tokens."""
    return lambda body, subject, dice: body.paragraph(*tokens)


def _table(body: Body, subject: Security, dice: Dice) -> None:
    rows = [[company(dice).name, f"{dice.number(1, 99)}.5"] for _ in range(3)]
    body.table([["名称", "涨幅(%)"], *rows])


LINK = '<a href="https://finance.eastmoney.com/a/202206012398765432.html">点击查看原始报告</a>'
EXTRAS: dict[str, Callable[[Body, Security, Dice], None]] = {
    "split_word": _words("年金监察委员会(C", PPI, "S)更新了持仓说明。"),
    "false_link": _words("各地鼓励发展", FALSE_LINK, "，建设", FALSE_LINK, "示范区。"),
    "hong_kong": _words(HONG_KONG[0], "与", HONG_KONG[1], "在港交所披露了合作。"),
    "us_stocks": _words("在美股市场，", NASDAQ, "与", NYSE, "盘前走强。"),
    "index_link": _words("三大指数中，", INDEX, "领先。"),
    "later_mentions": _later,
    "keywords": _words(
        "公司称", KEYWORDS[0], "向好，", KEYWORDS[1], "与", KEYWORDS[2], "均有增加。"
    ),
    "real_link": _words("（", Markup(LINK, "点击查看原始报告"), "）"),
    "images": _images,
    "table": _table,
    "subtitles": _subtitles,
    "entities": _words(
        "《",
        Markup("&lt;", "<"),
        "沧宁公约",
        Markup("&gt;", ">"),
        "补充条款》",
        Markup("&nbsp;", "\u00a0"),
        "生效，R",
        Markup("&amp;", "&"),
        "D投入上升。",
    ),
    "ideographic_space": _words("问：进度如何？　答：按计划进行。"),
    "line_breaks": _words("第一，看价格。", BREAK, "第二，看库存。", BREAK),
}
"""What an oddity adds to the text."""
