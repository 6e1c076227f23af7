"""Folders that are nested deeper than functions may call each other."""

from __future__ import annotations

from pathlib import Path

from newscrawl.sites.post_files.contained import ContainedFolder


def test_folders_nested_deeper_than_functions(tmp_path: Path) -> None:
    made = [tmp_path / ("d/" * depth) for depth in range(1, 1200)]
    for path in made:
        path.mkdir()
    (made[-1] / "a.md").write_bytes(b"x")
    found = list(ContainedFolder(tmp_path).files(["."]))
    (made[-1] / "a.md").unlink()  # pytest could not clear it away
    for path in reversed(made):
        path.rmdir()
    assert found == [(f"{'d/' * 1199}a.md", None)]
