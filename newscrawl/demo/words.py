"""Words of synthetic financial news in Chinese: securities, titles and sentences, all invented."""

from __future__ import annotations

from typing import NamedTuple

from newscrawl.demo.dice import Dice

HEADS = [
    "云岚", "海澄", "北砚", "锦禾", "青屿", "沐川", "岱山", "泽远",
    "乾穗", "凌霄", "朔方", "映月", "松麓", "瀚波", "启泓", "鹿原",
]  # fmt: skip
TAILS = [
    "股份", "科技", "新材", "能源", "医药", "电子",
    "智能", "环境", "食品", "重工", "软件", "物流",
]  # fmt: skip
PLACES = ["云汀市", "临澜市", "沧宁市", "南麓县", "望川区", "澄江新区", "北屏市", "东陵港"]
TRADES = [
    "光伏玻璃", "工业软件", "冷链物流", "储能电池",
    "特种钢材", "生物试剂", "智能座舱", "精细化工",
]  # fmt: skip
HOUSES = ["远帆", "朴石", "明榆", "恒岳", "知渚", "安溪"]
WORDS = ["订单", "产能", "渠道", "研发", "成本", "库存", "出口", "客户", "价格", "合同"]
MOODS = ["稳步回升", "明显改善", "略有放缓", "高于预期", "低于预期", "基本持平"]


class Security(NamedTuple):
    """What a body links to: Eastmoney's market number, the code on it, the name, the kind."""

    market: str
    code: str
    name: str
    kind: str = "stock"


class Keyword(NamedTuple):
    """A word that a body links to a data page: not a security."""

    number: str
    word: str
    href: str


BOARDS = (
    Security("90", "BK0493", "新能源", "board"),
    Security("90", "BK0475", "银行", "board"),
    Security("90", "BK0473", "证券", "board"),
    Security("90", "BK1036", "半导体", "board"),
    Security("90", "BK0989", "储能", "board"),
)
HONG_KONG = (Security("116", "09701", "澜庭控股"), Security("116", "09864", "禾晏集团"))
NASDAQ = Security("105", "QLNX", "棋岚网络")
NYSE = Security("106", "YUHE", "煜禾教育")
INDEX = Security("0", "399006", "创业板指", "index")
FALSE_LINK = Security("116", "01315", "绿色经济")
"""Running text that the real site links as a Hong Kong stock."""
BROKERS = Security("90", "BK0473", "证券", "board")

KEYWORDS = (
    Keyword("3321", "业绩", "http://data.eastmoney.com/bbsj/"),
    Keyword("3293", "基金", "http://data.eastmoney.com/zlsj/"),
    Keyword("3300", "合同", "http://data.eastmoney.com/zdht/"),
    Keyword("3324", "净利润", "http://data.eastmoney.com/bbsj/"),
)
PPI = Keyword("338", "PPI", "http://data.eastmoney.com/cjsj/ppi.html")

Token = str | Security | Keyword
"""A part of a sentence."""


def company(dice: Dice) -> Security:
    """One of 192 invented listed companies, with a code shaped like those of its exchange."""
    number = dice.number(0, len(HEADS) * len(TAILS) - 1)
    name = HEADS[number // len(TAILS)] + TAILS[number % len(TAILS)]
    first, market = (("600", "1"), ("603", "1"), ("688", "1"), ("000", "0"), ("300", "0"))[
        number % 5
    ]
    return Security(market, first + f"{(number * 7 + 13) % 1000:03d}", name)


def figure(dice: Dice) -> str:
    """A number with two decimals, ``12.34``."""
    return f"{dice.number(1, 99)}.{dice.number(0, 99):02d}"


def title(dice: Dice, day: str) -> str:
    """A headline about one company or the market on a day (``6月14日``)."""
    name = company(dice).name
    match dice.number(0, 6):
        case 0:
            return f"{name}：前{dice.number(2, 11)}月{dice.pick(WORDS)}同比增长{figure(dice)}%"
        case 1:
            return f"{name}拟投资{figure(dice)}亿元 在{dice.pick(PLACES)}建{dice.pick(TRADES)}项目"
        case 2:
            return (
                f"{dice.pick(HOUSES)}证券：{dice.pick(TRADES)}{dice.pick(WORDS)}{dice.pick(MOODS)}"
            )
        case 3:
            return f"{day}盘面：{dice.pick(TRADES)}走强 {name}涨{figure(dice)}%"
        case 4:
            return f"{dice.pick(PLACES)}：{dice.pick(TRADES)}“链主”企业增至{dice.number(3, 90)}家"
        case 5:
            return (
                f"{name}回应{dice.pick(WORDS)}问询：影响有限 {dice.pick(WORDS)}{dice.pick(MOODS)}"
            )
        case _:
            return f"{dice.pick(TRADES)}一周观察（{day}）：{dice.pick(WORDS)}{dice.pick(MOODS)}"


def write_sentence(dice: Dice, subject: Security) -> list[Token]:
    """A sentence, often about the subject, as parts; the last part ends with 。"""
    match dice.number(0, 11):
        case 0:
            return [
                subject,
                f"表示，{dice.pick(TRADES)}业务的{dice.pick(WORDS)}{dice.pick(MOODS)}。",
            ]
        case 1:
            return [
                f"截至收盘，成交额{figure(dice)}亿元，较前一日增加{figure(dice)}%，其中",
                subject,
                f"报{figure(dice)}元。",
            ]
        case 2:
            board = dice.pick(BOARDS)
            return [board, f"板块{dice.pick(MOODS)}，换手率为{figure(dice)}%。"]
        case 3:
            return [f"{dice.pick(PLACES)}今年已落地{dice.number(2, 60)}个{dice.pick(TRADES)}项目。"]
        case 4:
            return [
                f"据{dice.pick(HOUSES)}证券测算，{dice.pick(TRADES)}的{dice.pick(WORDS)}周期约"
                f"{dice.number(2, 18)}个月，{dice.pick(WORDS)}与{dice.pick(WORDS)}互为因果。"
            ]
        case 5:
            return [
                "同一时期，",
                company(dice),
                f"与{dice.pick(PLACES)}签下{figure(dice)}亿元的{dice.pick(WORDS)}协议。",
            ]
        case 6:
            return [
                f"管理层在交流会上谈到{dice.pick(WORDS)}、{dice.pick(WORDS)}和{dice.pick(WORDS)}，"
                f"认为全年{dice.pick(MOODS)}。"
            ]
        case 7:
            return [
                f"{dice.number(2, 9)}名受访者中，过半数预计{dice.pick(WORDS)}{dice.pick(MOODS)}。"
            ]
        case 8:
            return [
                f"从{dice.pick(PLACES)}的仓库看，{dice.pick(TRADES)}的周转天数由"
                f"{dice.number(30, 60)}天降到{dice.number(12, 29)}天，{dice.pick(WORDS)}"
                f"因此{dice.pick(MOODS)}(口径：月末值)。"
            ]
        case 9:
            return [
                subject,
                f"的{dice.pick(WORDS)}占比升至{figure(dice)}%，为近{dice.number(2, 9)}年新高。",
            ]
        case 10:
            return [
                f"多家机构把{dice.pick(TRADES)}列为下半年的观察对象，理由依次是"
                f"{dice.pick(WORDS)}、{dice.pick(WORDS)}、{dice.pick(WORDS)}。"
            ]
        case _:
            return [f"对此，业内人士的看法并不一致，分歧主要在{dice.pick(WORDS)}。"]


def write_paragraph(dice: Dice, subject: Security) -> list[Token]:
    """Two to five sentences."""
    return [part for _ in range(dice.number(2, 5)) for part in write_sentence(dice, subject)]


def shown(tokens: list[Token]) -> str:
    """The words of the tokens, without links."""
    return "".join(
        token
        if isinstance(token, str)
        else token.word
        if isinstance(token, Keyword)
        else token.name
        for token in tokens
    )
