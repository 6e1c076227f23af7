"""Names of exported files: whatever an id holds, they stay in their folder and differ."""

from __future__ import annotations

import re
from pathlib import Path, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newscrawl.archive.export.markdown import markdown_file_name
from newscrawl.archive.export.paths import LONGEST, safe_path

CODE = "NW202112282228490028"
HOSTILE = st.one_of(
    st.text(max_size=300),
    st.text(alphabet="./\\:~ a\x00\u202eCON-é", max_size=40),
    st.sampled_from(["CON", "nul.md", "COM1.tar", "lpt9", "a.", "a ", "~root", "C:\\x", "x" * 5000,
                     "中" * 500, "a/" * 3000 + "b", "-rf", ".git", "aux:x", "con /x"]),
)  # fmt: skip


@pytest.mark.parametrize(
    ("path", "safe"),
    [
        (f"_posts/2021-12-28-{CODE}.md", f"_posts/2021-12-28-{CODE}.md"),
        ("_posts/2021-12-28-某报·简介.md", "_posts/2021-12-28-某报·简介.md"),
        ("../../etc/passwd.md", "etc/passwd-*.md"),
        ("/etc/passwd", "etc/passwd-*"),
        ("a/../b\x00c:d.md", "a/b_c_d-*.md"),
        ("..", "_-*"),
        ("", "_-*"),
        ("NUL.md", "_NUL-*.md"),
        ("com¹", "_com¹-*"),
        ("a\u202edm.exe", "a_dm-*.exe"),
        (f"{'长' * 400}.md", f"{'长' * 59}-*.md"),
    ],
)
def test_safe_path(path: str, safe: str) -> None:
    assert re.fullmatch(re.escape(safe).replace(r"\*", "[0-9a-f]{12}"), safe_path(path))


def _check(path: str) -> None:
    folder = Path("/folder/of/exports")
    assert (folder / path).resolve().is_relative_to(folder)
    assert (folder / path).resolve() != folder
    assert PureWindowsPath(path).anchor == ""
    for part in path.split("/"):
        assert part not in {"", ".", ".."}
        assert len(part.encode()) <= LONGEST + 20
        assert not re.search(r'[\x00-\x1f\x7f\\:*?"<>|\u202a-\u202e]', part)
        assert part[-1] not in ". "
        assert not re.match(r"(?i)(con|prn|aux|nul|com\d|lpt\d)\s*(\.|$)", part)


@given(HOSTILE)
def test_any_id_stays_in_the_folder(text: str) -> None:
    _check(safe_path(text))
    _check(safe_path(f"{text}.md"))
    _check(markdown_file_name(text))
    _check(markdown_file_name(f"finews:{text}"))
    assert "/" not in markdown_file_name(text)


@given(HOSTILE, HOSTILE)
def test_two_ids_are_two_files(one: str, other: str) -> None:
    if one != other:
        assert safe_path(one) != safe_path(other)
        assert markdown_file_name(one).casefold() != markdown_file_name(other).casefold()


def test_file_names() -> None:
    assert markdown_file_name(CODE) == f"{CODE}.md"
    assert re.fullmatch(r"finews_init-[0-9a-f]{12}\.md", markdown_file_name("finews:init"))
    alike = ("finews:a", "finews/a", "finews_a", "finews:A", "finews:a ", "finews:a.")
    assert len({markdown_file_name(each).casefold() for each in alike}) == len(alike)


def test_a_name_can_be_made(tmp_path: Path) -> None:
    for text in ("中" * 5000, "a/" * 5000, "../../x", "\x00", "NUL"):
        target = tmp_path / safe_path(f"{text}.md")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    assert len([each for each in tmp_path.rglob("*") if each.is_file()]) == 5
