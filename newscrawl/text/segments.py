"""Parts texts into the tokens that are searched: Han characters, Latin words and numbers.

Chinese is written without spaces, so each Han character is a token; each Latin word or number is
one, in small letters. What separates them (punctuation, line ends, a space beside a Han character)
is the token ``¶``, so that what is searched never crosses it. Traditional characters count as their
simplified forms.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from functools import cache

from newscrawl.text.character_folds import SIMPLIFIED, TRADITIONAL

BREAK = "¶"
JOINT = "_"
"""Stands between the words of a bigram of two; no token has it."""
FOLDS = dict(zip(TRADITIONAL, SIMPLIFIED, strict=True))
_FOLDED = str.maketrans(FOLDS)
_TRADITIONAL = re.compile(f"[{TRADITIONAL}]")

# Han, kana, Hangul and the like: scripts that are written without spaces between words.
_HAN = re.compile(
    "[\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3038-\u303b\u3040-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff]"
)
_HAN_OR_BREAK = re.compile(f"{_HAN.pattern}|{BREAK}")
# What most texts are made of: Han, ASCII, and the signs and spaces that are one token or none.
_PLAIN = re.compile(
    "[\x00-\x7f\u4e00-\u9fff\xa0·\u2010-\u2015\u2018-\u201f\u2026\u3000-\u3002\u3008-\u3020"
    "\uff01-\uff0f\uff1a-\uff20\uffe5]*"
)
_WORDS = re.compile("([0-9A-Za-z]+)")
_WORD = "\ue000"
"""Stands for a word of letters or digits while a text is parted, so that each token is one
character; no plain text has it."""
_COMMON_SIGNS = "，。、：；“”（）%.-\n"
_SIGNS = re.compile(f"[^\u4e00-\u9fff{_WORD}{BREAK} ]")
_SPACE_BESIDE_HAN = re.compile("(?<=[\u4e00-\u9fff]) | (?=[\u4e00-\u9fff])")
# These stand in the text until the spaces beside a Han character are seen.
_EDGE, _SIGN = "\x01", "\x02"
FIRST_CHARACTER = "\u2e80"
"""From here on are the scripts without spaces; few words of others lie behind it."""


class _Tokens(dict[int, str]):
    """For each character what stands in its place; made when it first occurs."""

    def __missing__(self, code: int) -> str:
        folded = unicodedata.normalize("NFKC", chr(code)).casefold()
        self[code] = "".join(map(self._token, folded))
        return self[code]

    @staticmethod
    def _token(character: str) -> str:
        if character == " ":
            return " "
        if _HAN.match(character):
            return f"{_EDGE}{character}{_EDGE}"
        # Marks belong to the letter before them.
        is_word = character.isalnum() or unicodedata.category(character).startswith("M")
        return character if is_word else _SIGN


_TOKENS = _Tokens()


def tokens_of(text: str) -> list[str]:
    """Return the tokens of *text*: ``A股 5G大涨。`` has ``a 股 ¶ 5g 大 涨 ¶``."""
    parted = _plain_tokens(text) if _PLAIN.fullmatch(text) else any_tokens(text)
    return [FOLDS.get(token, token) for token in parted] if _TRADITIONAL.search(text) else parted


def any_tokens(text: str) -> list[str]:
    """Return the tokens of any text as they stand in it, examining each character."""
    separated = text.strip().translate(_TOKENS)
    broken = separated.replace(f"{_EDGE} ", f" {_SIGN}").replace(f" {_EDGE}", f"{_SIGN} ")
    return broken.replace(_EDGE, " ").replace(_SIGN, f" {BREAK} ").split()


def _plain_tokens(text: str) -> list[str]:
    line, found = _plain_line(text)
    words = iter(found)
    return [next(words) if token == _WORD else token for token in line]


def _plain_line(text: str) -> tuple[str, list[str]]:
    """Return the tokens of a text of _PLAIN, one character each, and the words among them."""
    # NFKC makes three signs of one, and spaces of spaces.
    text = text.replace("…", "...").replace("\u3000", " ").replace("\xa0", " ").strip()
    parts = _WORDS.split(text)
    line = _WORD.join(parts[::2])
    for sign in _COMMON_SIGNS:
        line = line.replace(sign, BREAK)
    line = _SIGNS.sub(BREAK, line)
    if " " in line:
        line = _SPACE_BESIDE_HAN.sub(BREAK, line).replace(" ", "")
    return line, " ".join(parts[1::2]).lower().split()


def bigrams_of(tokens: list[str]) -> list[str]:
    """Return what stands for *tokens* in the search index: bigrams, with each ``¶`` as a token.

    ``a 股 ¶ 5g 大 涨`` becomes ``¶a a股 股¶ ¶5g 5g大 大涨 涨¶``: a phrase of bigrams crosses a
    ``¶`` only where it has one itself.
    """
    found: list[str] = []
    before = BREAK
    for token in [*tokens, BREAK]:
        if before != token or token != BREAK:
            is_plain = _HAN_OR_BREAK.match(before) or _HAN_OR_BREAK.match(token)
            found.append(f"{before}{'' if is_plain else JOINT}{token}")
        before = token
    return found


def lay_out(text: str) -> tuple[str, set[str], list[str]]:
    """Return a text's bigrams between spaces, its different characters, and its words."""
    if _PLAIN.fullmatch(text):
        return _lay_out_plain(text)
    tokens = tokens_of(text)
    characters = {each for each in tokens if each >= FIRST_CHARACTER}
    words = [each for each in tokens if each < FIRST_CHARACTER and each != BREAK]
    return " ".join(bigrams_of(tokens)), characters, words


def _lay_out_plain(text: str) -> tuple[str, set[str], list[str]]:
    """Lay out a text of _PLAIN by its line of tokens: no bigram is made an object of its own."""
    line, words = _plain_line(text)
    if _TRADITIONAL.search(line):
        line = line.translate(_FOLDED)
    line = f"{BREAK}{line}{BREAK}"
    numbers = array("H", line.encode("utf-16")[2:])  # behind the mark of this machine's order
    laid_out = array("H", [0, 0, ord(" ")]) * (len(numbers) - 1)
    laid_out[::3], laid_out[1::3] = numbers[:-1], numbers[1:]
    bigrams = laid_out.tobytes().decode("utf-16").replace(f"{BREAK}{BREAK} ", "")
    if words:
        # Each is in two bigrams.
        marked = bigrams.replace(_WORD * 2, f"{_WORD}{JOINT}{_WORD}").replace(_WORD, "%s")
        bigrams = marked % tuple([word for word in words for _ in range(2)])
    return bigrams, {*line} - {BREAK, _WORD}, words


@cache
def _variants() -> dict[str, str]:
    """For each simplified character, it and all that count as it."""
    found: dict[str, str] = {}
    for traditional, simplified in FOLDS.items():
        found[simplified] = found.get(simplified, simplified) + traditional
    return found


def variants_of(character: str) -> str:
    """Return the characters that count as one with *character*, itself among them."""
    return _variants().get(FOLDS.get(character, character), character)
