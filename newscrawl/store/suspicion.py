"""Distinguishes a changed article from a page that shows something else in its place.

Pure functions of two texts, the page's earlier one and its present one. What they doubt is kept
and left out of the merge, as :mod:`newscrawl.store.suspects` says.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from newscrawl.store.observation import has_body

Reason = Literal["placeholder", "lost_letters", "shrunken", "shared"]

REASONS: dict[Reason, str] = {
    "placeholder": "a known placeholder stands in the place of the article",
    "lost_letters": "the letters of the article are gone",
    "shrunken": "most of the article's stored text is gone",
    "shared": "the same text stands in the place of several articles",
}
"""Why an observation is suspicious. Only ``shrunken`` is ever confirmed by further visits."""

KEPT_OF_LONG = 2 / 3
"""The part of a stored text that a change must leave to be taken at once. A deleted paragraph
leaves more; half a body, cut off by a wall or a broken template, leaves a half."""
KEPT_OF_FLASH = 1 / 3
"""And of a short one that has grown: a flash that becomes a story is written again, and keeps its
names and numbers. Two texts of different events share about a twentieth."""
KEPT_OF_BEGIN = 4 / 5
"""And where only the end is gone: editors strike a last paragraph; a broken answer loses more."""
FLASH = 200
"""Characters up to which a text is a flash."""
TOO_SHORT = 10
"""Characters below which a stored text says too little to be compared."""
LONGEST_PLACEHOLDER = 300
"""Letters of the longest text that is searched for placeholders."""
FILLING = 1 / 4
"""The part of a placeholder's letters that may be neither its phrase nor filling around it."""
SAMPLE = 200
"""Characters that tell whether a text was decoded wrongly."""
COMPARED = 100_000
"""Characters of a text that are compared; the longest articles have a third of that."""
EXCERPT = 60

_SHORT = ("title", "summary", "source")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_NOT_HAN = re.compile(r"[^\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")
_LETTER = re.compile(r"[^\W\d_]")
_SENTENCE_ENDS = "。！？!?…”’」』）)】]"
_DIGITS = str.maketrans("123456789", "000000000")

PLACEHOLDERS: tuple[tuple[str, str], ...] = (
    (
        "the page does not exist",
        r"\b404\b|页面(?:不存在|丢失|走丢了|飞走了)|(?:没有|未能?|无法|没能?)找到|不存在或已?被?删除"
        r"|(?:文章?|内容|资讯|链接)(?:已经?|不)被?(?:作者|管理员)?(?:删除|存在|失效|下线|下架)"
        r"|(?:page )?not found",
    ),
    (
        "the site is being maintained",
        r"(?:系统|网站|服务器?|站点|平台|升级|例行|停机|正在)维护|维护中|(?:系统|网站)升级|暂停(?:服务|访问)"
        r"|(?:under|scheduled|down for) maintenance|be right back",
    ),
    (
        "the server is busy",
        r"(?:访问|请求|操作)(?:过于|太|次数)?(?:频繁|过多)|(?:服务器|系统|网络|服务)(?:繁忙|异常|错误|开小差了?|出错)"
        r"|too many requests|rate limit(?:ed)?|service (?:temporarily )?unavailable|bad gateway"
        r"|internal server error|gateway time-?out",
    ),
    (
        "the reader is to log in",
        r"(?:请先?|您?尚未|需要?|您?还没有?)(?:登[录陆]|注册)|登[录陆](?:后|即可|以便)|会话(?:已)?过期"
        r"|(?:sign|log)(?:ged)? in\b|(?:订阅|付费|开通会员)(?:后|即可)",
    ),
    (
        "the reader is to prove to be human",
        r"(?:安全|人机|滑动|身份|访问)(?:验证|检查|校验|检测)|验证码|拖动(?:下方|左侧)?滑块|滑块完成|拼图"
        r"|(?:开启|启用|打开|支持)(?:浏览器)?的?\s?java ?script|enable (?:java ?script|cookies)"
        r"|java ?script (?:is )?(?:required|disabled)|checking your browser|just a moment"
        r"|verify(?:ing)? (?:that )?you are (?:a )?human|captcha|ddos protection",
    ),
    ("the page leads elsewhere", r"(?:正在|自动|页面|即将|秒后)(?:为您)?跳转|redirecting"),
    (
        "the reader is kept out",
        r"(?:访问|请求)(?:已?被?(?:拒绝|拦截|阻断|禁止)|受限)|禁止访问|无权(?:限)?访问|拒绝访问"
        r"|access denied|forbidden|request blocked",
    ),
    ("the text is still to come", r"(?:正在)?(?:努力)?(?:加载|载入)中?|loading"),
)
"""What sites show in the place of a page, and the phrases by which it is known. They count only
where a text has hardly anything else: news reports on maintenance, too."""

_PHRASES = re.compile("|".join(pattern for _, pattern in PLACEHOLDERS), re.IGNORECASE)
_FILLING = re.compile(
    "稍[后候]|重新|重试|再试|再来|返回|首页|主页|上一页|访问|页面|网页|网站|系统|本站|我们|我司|给您|带来|不便|敬请"
    "|谅解|理解|抱歉|对不起|尊敬|用户|客户|读者|正在|进行|谢谢|感谢|支持|合作|继续|浏览器?|阅读|全文|查看|原文"
    "|文章|内容|资讯|服务器?|刷新|点击|这里|此处|联系|客服|管理员|输入|完成|账号|帐号|密码|预计|恢复|时间|期间"
    "|如果|如有|疑问|问题|自动|保证|为了|更好|体验|提供|安全|检测|网络|环境|存在|异常|当前|目前|暂时|暂停|无法"
    "|使用|升级|例行|停机|即将|自动|操作|方法|方可|可能|已经|地址|错误|检查|是否|正确|后|请|您|你|的|了|中|在|该|此|本|并|或|与|和|将|为|已|被"
    "|吧|啦|呢|哦|哎呀|秒|分钟|小时|今日|今晚|明日|凌晨|上午|下午|前|到|至|由|于|要|有|是|不|对|以|可|先|再|所"
    r"|\b(?:please|wait|while|to|continue|try|again|later|your|you|the|an?|is|are|was|were|this|that|it"
    r"|pages?|(?:web)?site|error|have|has|do|not|permission|access|on|of|in|for|from|by|with|server|and|or"
    r"|cookies|browser|back|home|requested|resource|url|we|our|us|inconvenience|sorry|reload|refresh|if"
    r"|before|process|automatic|will|be|redirected|shortly|few|seconds|ray|id|ip|contact|administrator"
    r"|account|full|article|read|subscribe|subscription)\b",
    re.IGNORECASE,
)
_FREQUENT = "".join(sorted({*_HAN.findall(_PHRASES.pattern + _FILLING.pattern)}))
_OTHER_HAN = re.compile(f"[\u3400-\u9fff](?<![{_FREQUENT}])")
"""Han that occur neither in a phrase nor in the filling."""
_MARKS = re.compile(r"[?\ufffd\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u00ff]")
"""What stands where a letter was lost on the way through a wrong charset."""
_NEVER_OF_UTF_8 = re.compile("[的是在了一中年月日]")
"""Frequent letters with a byte in GBK that no Chinese letter has in UTF-8."""
_MARKS_AS_HAN = re.compile("[锟斤拷]{2,}")
"""U+FFFD, written as UTF-8 and read as GBK."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why an observation is suspicious."""

    reason: Reason
    detail: str
    """What was found, a sentence for a person."""


def of_change(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> Doubt | None:
    """Return why what a page says now is doubted; None where it is a change like any other.

    *earlier* is what the page, or else its article, said before. Where that itself was something
    in the place of an article, whatever may be one is taken.
    """
    if (doubt := of_new(later)) is not None or of_new(earlier) is not None:
        return doubt
    before, after = shown_text(earlier), shown_text(later)
    kept = _kept(before, after)
    if kept is not None and (
        _is_placeholder(_added(before, after)) or (kept < KEPT_OF_FLASH and _has_phrase(after))
    ):
        return _doubt("placeholder", later)
    if (doubt := of_letters(earlier, later)) is not None:
        return doubt
    if kept is None or _was_stub(earlier, later):
        return None
    return Doubt("shrunken", f"{kept:.0%} of the stored text is left: {excerpt_of(later)}")


def of_new(said: Mapping[str, Any]) -> Doubt | None:
    """Return why what a page says at all is doubted; None where it may be an article."""
    text, title = shown_text(said), said.get("title") or ""
    if _is_placeholder(text) or (
        _is_placeholder(title) and (_is_placeholder(f"{title}\n{text}") or _has_phrase(text))
    ):
        return _doubt("placeholder", said)
    if _is_garbled(text) or _is_garbled(title):
        return _doubt("lost_letters", said)
    return None


def of_letters(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> Doubt | None:
    """Return the doubt in a page whose letters are gone, if only those of its title."""
    pairs = [(shown_text(earlier), shown_text(later))]
    pairs += [(earlier.get(name) or "", later.get(name) or "") for name in _SHORT]
    gone = any(_lost(before, after) for before, after in pairs)
    return _doubt("lost_letters", later) if gone else None


def shown_text(said: Mapping[str, Any]) -> str:
    """Return the text of what a page says: its body, or where it has none its summary."""
    return said.get("body_text") or ("" if has_body(said) else said.get("summary") or "")


def excerpt_of(said: Mapping[str, Any]) -> str:
    """Return the beginning of what a page says, in one line."""
    line = " ".join((shown_text(said) or said.get("title") or "").split())
    return line if len(line) <= EXCERPT else f"{line[: EXCERPT - 1]}…"


def text_hash(said: Mapping[str, Any]) -> str:
    """Return the hash of a text's letters: numbers, times and addresses of a request do not count.

    Where there is no text, of the title's.
    """
    text = shown_text(said) or said.get("title") or ""
    letters = _NOT_HAN.sub("", text)
    if len(letters) < TOO_SHORT:
        letters = "".join(_LETTER.findall(text.casefold()))
    return hashlib.blake2b(letters.encode("utf-8", "replace"), digest_size=16).hexdigest()


def may_be_repeated(said: Mapping[str, Any]) -> bool:
    """Whether a text is such as a placeholder: short, and none of it in its title."""
    text = shown_text(said)
    return TOO_SHORT <= len(text) <= 2 * LONGEST_PLACEHOLDER and bool(_LETTER.search(text))


def tells_of_title(said: Mapping[str, Any]) -> bool:
    """Whether a text shares two letters in a row with its title, as that of an article does."""
    title, text = _folded(said.get("title") or ""), _folded(shown_text(said))
    return any(title[place : place + 2] in text for place in range(len(title) - 1))


def _doubt(reason: Reason, said: Mapping[str, Any]) -> Doubt:
    return Doubt(reason, f"{REASONS[reason]}: {excerpt_of(said)}")


def _folded(text: str) -> str:
    return "".join(text.split())


# -- how much is left ------------------------------------------------------------------------


def _kept(before: str, after: str) -> float | None:
    """Return which part of *before* is left, where that is too little; None where it is not."""
    before, after = (_folded(each[:COMPARED]).translate(_DIGITS) for each in (before, after))
    if len(before) < TOO_SHORT:
        return None
    pairs, left = Counter(pairwise(before)), Counter(pairwise(after))
    is_flash = len(before) <= FLASH
    if is_flash:  # its heading says what it says
        pairs, left = Counter(pairs.keys()), Counter(left.keys())
    kept = (pairs & left).total() / pairs.total()
    least = KEPT_OF_FLASH if is_flash and len(after) >= len(before) else KEPT_OF_LONG
    return kept if kept < least or _is_cut(before, after) else None


def _is_cut(before: str, after: str) -> bool:
    """Whether a text has lost its end, much of it or in the middle of a sentence."""
    lost = len(before) - len(after)
    if lost <= TOO_SHORT or not before.startswith(after):
        return False
    return after[-1:] not in _SENTENCE_ENDS or len(after) < KEPT_OF_BEGIN * len(before)


def _was_stub(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> bool:
    """Whether the text has come at last: before, there was a shorter one that told of nothing."""
    grown = len(shown_text(later)) > max(FLASH, 2 * len(shown_text(earlier)))
    titled = {**later, "title": earlier.get("title")}
    return grown and not tells_of_title(earlier) and tells_of_title(titled)


def _added(before: str, after: str) -> str:
    """The lines of *after* that are not among those of *before*."""
    known = {_folded(line) for line in before[:COMPARED].splitlines()}
    lines = after[:COMPARED].splitlines()
    return "\n".join(line for line in lines if _folded(line) not in known)


# -- placeholders ----------------------------------------------------------------------------


def _has_phrase(text: str) -> bool:
    return len(text) <= 2 * LONGEST_PLACEHOLDER and _PHRASES.search(text) is not None


def _is_placeholder(text: str) -> bool:
    """Whether a text is a phrase of PLACEHOLDERS, with hardly anything but filling around it."""
    if len(text) > 2 * LONGEST_PLACEHOLDER:
        return False
    # Most texts end here: the phrases are many, and every new page is examined.
    if len(_OTHER_HAN.findall(text)) > FILLING * len(text) or not _PHRASES.search(text):
        return False
    letters = len(_LETTER.findall(text))
    if letters > LONGEST_PLACEHOLDER:
        return False
    rest = _FILLING.sub(" ", _PHRASES.sub(" ", text))
    return len(_LETTER.findall(rest)) <= FILLING * letters


# -- letters that are gone -------------------------------------------------------------------


def _is_garbled(text: str) -> bool:
    """Whether a text was decoded wrongly, as far as it tells by itself."""
    sample = _with_marks(text[:SAMPLE])
    marks = len(_MARKS.findall(sample))
    if marks >= TOO_SHORT:
        han, letters = len(_HAN.findall(sample)), len(_LETTER.findall(sample))
        if marks > max(han, letters / 2):
            return True
    if _NEVER_OF_UTF_8.search(sample):
        return False
    han = len(_HAN.findall(sample))
    if han < TOO_SHORT:
        return False
    # UTF-8 that was read as GBK gives other characters of Chinese. They lead back; those of a
    # Chinese text are not UTF-8.
    raw = sample.encode("gb18030", "ignore").decode("utf-8", "replace")
    found = len(_HAN.findall(raw))
    return found * 3 > han and raw.count("\ufffd") < found


def _with_marks(text: str) -> str:
    return _MARKS_AS_HAN.sub(lambda match: "\ufffd" * len(match[0]), text)


def _lost(before: str, after: str) -> bool:
    """Whether letters of *before* were lost, and not because the text was rewritten."""
    before, after = (_with_marks(_folded(each)) for each in (before, after))
    if not after or before == after:
        return False
    han = len(_HAN.findall(before))
    left = len(_HAN.findall(after))
    if han >= TOO_SHORT and left * 10 < han * len(after) / len(before):
        return True  # it was Chinese, and is not any more
    marks = len(_MARKS.findall(after)) - len(_MARKS.findall(before))
    if marks >= 3 and (han - left) * 2 >= marks:
        return True
    return len(before) == len(after) and all(
        old == new or (_MARKS.match(new) and _HAN.match(old))
        for old, new in zip(before, after, strict=True)
    )
