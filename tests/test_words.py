"""The words of the project: phrases that its code, documentation and help do not use.

``python tests/test_words.py`` prints every place that breaks the rule, and the count of each file.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from newscrawl.cli.docs import contexts

ROOT = Path(__file__).parents[1]
SUFFIXES = (".py", ".md", ".html", ".toml", ".yml", ".sh", ".service", ".timer", ".conf", ".txt")

GAP = r"""(?:[\s"'#>*]|\bf")+"""
"""What may stand between two words: a phrase may be wrapped, in a comment or a string, too."""

# The phrase, as a regular expression in which a space is any GAP, and what to write in its place.
PHRASES = (
    (r"\b(?:be|been|was|were|is|never) had\b", "could not fetch …; fetched; stored"),
    (r"\banew\b", "again, or re-"),
    (r"(?<!there )\b(?:is|are|was|were) (?-i:no|none)\b(?! longer| more| other)",
     "is not a …; there is no …"),
    (r"\bnobody\b", "no one, or the passive"),
    (r"\bmade (?:mirrors?|articles?|posts?|sites?)\b", "sample site; synthetic articles"),
    (r"\bsightings?\b", "observation"),
    (r"\bsource_site\b", "site"),
    (r"(?<!@)\b(?:medium|media)\b", "source"),
    (r"\bfold(?:s|ed|ing)? (?:row|article|observation)s?\b", "merge; article"),
    (r"\bearlier texts?\b", "revision"),
    (r"\b(?:a|an|another|each|every|good|last|next|two|the|between|of) looks?\b", "check; revisit"),
    (r"\blook(?:s|ed|ing)? again\b", "revisit"),
    (r"\bholes?\b", "gap"),
    (r"\bpages? never had\b", "failed page"),
    (r"\bricher\b", "extended"),
    (r"\bend(?:s|ed|ing)? good\b|\bgood ends?\b|(?-i:Run ended)", "ok; succeeds; Run 12 finished"),
    (r"\bharmless\b", "sanitized; escaped; validated"),
    (r"\bpairs (?:index|table|of neighbouring)\b|\bindex of pairs\b", "bigram index"),
    (r"\bit looks like (?=[\d`'\"a-z]*\d)", "use YYYY-MM-DD"),
    (r"\bwithout its [()]", "Unbalanced parenthesis"),
    (r"\bNo article\.(?=[\"'<])", "No articles found."),
    (r"\bSay (?:how|what|why|whether)\b", "Show …; Diagnose …"),
    (r"\bagrees? with itself\b|\b(?:do|does) not agree\b|\ball that must agree\b", "OK; problems"),
    (r"\bworth (?:it|a look)\b", "due"),
    (r"\bat most so many\b", "maximum number of …"),
    (r"\bhave most of what\b", "by relevance"),
    (r"\bknown to read\b", "the version known at TIME"),
    (r"\bmay be given often\b", "repeatable"),
    (r"\ba little (?:sooner|earlier) or later\b", "with jitter"),
    (r"\bbeside each other\b", "All words must match (AND)"),
    (r"\bnever seen to change\b", "has no recorded revisions"),
    (r"\bHow it is kept\b|\bMedia in these\b|\bWhere it was seen\b", "Crawl status; Provenance"),
    (r"\bparted by\b", "separated by"),
    (r"\b(?:one|a) (?:row|file|line|page) an? (?:article|line|page|run|day)\b|\bone a line\b",
     "one row per article"),
    (r"\barticles? a day\b|\bnew articles? an hour\b", "articles per day"),
    (r"\bsaid aloud\b|\bsent on\b", "explicitly; forwarded"),
    (r"\bnewscrawl check\b", "newscrawl verify"),
    (r"--again\b", "--revisit"),
)  # fmt: skip

EXCEPTIONS = (
    ("tests/test_words.py", r".*", "it lists the phrases"),
    ("docs/decisions/.*", r".*", "a decision keeps the words of its day"),
    ("tests/slow/test_serve.py", r"media", "media-src is a directive of a content security policy"),
    (
        "CHANGELOG.md",
        r"sightings|holes|source_site|richer|newscrawl check|--again|Run ended",
        "it says what these were renamed to",
    ),
    ("mkdocs.yml", r"media", "media is a key of mkdocs-material"),
    ("bench/results/.*", r".*", "measured and recorded by older versions"),
)
"""Path, matched text, both as regular expressions, and the reason."""


class Found(NamedTuple):
    """A phrase that is not used, where it stands, and what to write in its place."""

    where: str
    line: int
    text: str
    better: str

    def __str__(self) -> str:
        return f"{self.where}:{self.line}: {self.text!r}; write: {self.better}"


_COMPILED = [
    (re.compile(re.sub(r" (?!\))", lambda _: GAP, phrase), re.IGNORECASE), better)
    for phrase, better in PHRASES
]


def found_in(where: str, text: str) -> Iterator[Found]:
    """Yield every phrase in *text* that is not used."""
    for pattern, better in _COMPILED:
        for match in pattern.finditer(text):
            said = " ".join(match[0].split())
            if not _is_exception(where, said):
                yield Found(where, text.count("\n", 0, match.start()) + 1, said, better)


def _is_exception(where: str, said: str) -> bool:
    return any(
        re.fullmatch(path, where) and re.fullmatch(words, said, re.IGNORECASE)
        for path, words, _ in EXCEPTIONS
    )


def found_in_files() -> list[Found]:
    """Return what is found in the files of the repository, by file and line."""
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    found = []
    for name in names:
        if name.endswith(SUFFIXES) and (ROOT / name).is_file():
            found += found_in(name, (ROOT / name).read_text(encoding="utf-8"))
    return sorted(found)


@pytest.mark.parametrize(
    "text",
    [
        "it cannot be had", 'f"it cannot be "\n    f"had"', "built anew", "# it is\n# no post",
        "a made mirror", "nobody asked", "another look", "one a line", "the run ended good",
    ],
)  # fmt: skip
def test_a_phrase_is_found_also_where_it_is_wrapped(text: str) -> None:
    assert list(found_in("a.py", text))


@pytest.mark.parametrize(
    "text", ["it is no longer there", "it looks up names", "an article per day", "page by page"]
)
def test_plain_words_pass(text: str) -> None:
    assert not list(found_in("a.py", text))


def test_no_file_uses_them() -> None:
    assert not (found := found_in_files()), "\n".join(map(str, found))


def test_no_help_uses_them() -> None:
    found = [
        str(each)
        for ctx in contexts()
        for each in found_in(f"{ctx.command_path} --help", ctx.get_help())
    ]
    assert not found, "\n".join(found)


if __name__ == "__main__":
    everything = found_in_files()
    for each in everything:
        print(each)
    for name, count in Counter(each.where for each in everything).most_common():
        print(f"{count:5} {name}", file=sys.stderr)
