"""Tells Eastmoney's advertisements and its own sentences from an article's text.

They are told by what the site itself is known to write, from end to end of a paragraph: an article
may speak of opening an account or of WeChat, and a company's 郑重声明 is news.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from newscrawl.loaders import text_of
from newscrawl.sites.eastmoney.source_line import read_source_line
from newscrawl.sites.html import drop
from newscrawl.text.sanitize import squeeze

ADVERT_CLASSES = frozenset(("ad_context3", "em_xuangu", "em_handle_adv_close"))
"""Advertisements and helpers on the public page."""
_ADVERTISER = re.compile(
    r"\s*(?:https?:)?//acttg\.eastmoney\.com\.?(?::[0-9]*)?(?:[/?#\s]|$)", re.IGNORECASE
)
JUNK_WORDS = (
    "责任编辑", "打开微信", "点击底部", "郑重声明", "看资讯行情", "权益礼包", "炒股第一步",
    "开户", "股票账户", "选东方财富证券", "一个APP搞定",
)  # fmt: skip
"""Each of the site's sentences has one of these."""

_BETWEEN = re.compile(r"[\s，,。！!：:>＞›»【】]+")
# A paragraph that is made of these alone, between punctuation, is an advertisement …
_PHRASES = re.compile(
    "(?:在东方财富看资讯行情|选东方财富证券|一站式开户交易|行情交易一个APP搞定|四大权益礼包"
    "|开户即送|炒股第一步|先开个?(?:股票|证券)?账?户|想炒股|立即开户|点击(?:查看|开户|领取))+",
    re.IGNORECASE,
)
# … wherever it stands, if it has one of these; others may be an article's heading.
_OFFERS = re.compile("选东方财富证券|一站式开户|一个APP搞定|开户即送|先开个股票账户", re.IGNORECASE)
_BEGINS_ADVERT = re.compile("在东方财富看资讯行情|四大权益礼包|炒股第一步|想炒股[，,]?先开户")
_EDITOR = re.compile(r"[（(]责任编辑[:：][^（()）]*[)）]")
_STATEMENT = re.compile(
    r"郑重声明[:：]\s*(?:东方财富网?发布此|用户在(?:东方财富|财富号|股吧)).*", re.DOTALL
)
_SHARE_BY_WECHAT = re.compile(
    '打开微信点击底部的[“"]发现[”"](?:使用(?:[“"]扫一扫[”"])?)?(?:即可将网页分享.{0,10})?'
)
_PURPOSE = "将网页分享"
_MOST_STEPS = 4
"""Paragraphs over which the site spreads its instruction for WeChat."""


def is_advertisers(address: str) -> bool:
    """Whether an address, of a link or an image, is on the host that Eastmoney advertises by."""
    return bool(_ADVERTISER.match(address))


def begins_advert(text: str) -> bool:
    """Whether a text begins as the site's advertisements do: with their link, it is one."""
    return bool(_BEGINS_ADVERT.match(squeeze(text)))


def drop_own_sentences(root: etree._Element) -> int:
    """Remove the site's own sentences from a body; return how many there were."""
    if not any(map(text_of(root).__contains__, JUNK_WORDS)):
        return 0
    return _drop_paragraphs(root) + sum(map(_drop_last_lines, [*root.iter("p", "div")]))


def _drop_paragraphs(root: etree._Element) -> int:
    blocks = [
        block for block in root.iter("p", "div", "center")
        if block is not root and block.find("p") is None
    ]  # fmt: skip
    lines = [squeeze(text_of(block)) for block in blocks]
    own = _own(lines)
    for at in own:
        drop(blocks[at])
    return len(own)


def _own(lines: list[str]) -> list[int]:
    """Return the positions of the lines that are the site's."""
    own: list[int] = []
    begins = {begin + steps - 1: begin for begin, steps in _instructions(lines)}
    at_end = True
    at = len(lines) - 1
    while at >= 0:
        line, begin = lines[at], begins.get(at)
        if begin is not None and (at_end or _PURPOSE in line):
            own += range(begin, at + 1)
            at = begin
        elif _is_own(line, at_end or (at > 0 and _is_own(lines[at - 1], at_end=False))):
            own.append(at)
        elif line and read_source_line(line) is None:
            at_end = False
        at -= 1
    return own


def _instructions(lines: list[str]) -> Iterator[tuple[int, int]]:
    """Give where the instruction to share a page by WeChat begins, and how many lines it has."""
    for at, line in enumerate(lines):
        if "打开微信" not in line:
            continue
        for steps in range(_MOST_STEPS, 0, -1):
            said = _BETWEEN.sub("", "".join(lines[at : at + steps]))
            if at + steps <= len(lines) and _SHARE_BY_WECHAT.fullmatch(said):
                yield at, steps
                break


def _is_own(line: str, at_end: bool) -> bool:
    if not any(map(line.__contains__, JUNK_WORDS)):
        return False
    if _EDITOR.fullmatch(line):
        return True
    if _PHRASES.fullmatch(_BETWEEN.sub("", line)):
        return at_end or bool(_OFFERS.search(line))
    return at_end and bool(_STATEMENT.fullmatch(line))


def _drop_last_lines(block: etree._Element) -> int:
    """Remove what a block says behind its last ``<br>``, while that is the site's."""
    dropped = 0
    while (last := next(block.iterchildren("br", reversed=True), None)) is not None:
        behind = [*last.itersiblings()]
        line = squeeze("".join([last.tail or "", *(text_of(e) + (e.tail or "") for e in behind)]))
        if not line or not _is_own(line, at_end=False):
            break
        for each in behind:
            drop(each)
        last.tail = None
        drop(last)
        dropped += 1
    return dropped
