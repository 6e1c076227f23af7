"""Hooks of the documentation site (mkdocs.yml).

Documents link to files as they lie in the repository, so that links work where its files are shown.
In the site, a document outside docs/ that is linked, and each linked file or folder of code, is a
page as well, and the links lead there.
"""

from __future__ import annotations

import json
import os
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page
from pygments.lexers import get_lexer_for_filename
from pygments.util import ClassNotFound

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
IMAGES = {".svg", ".png"}

_LINK = re.compile(r"\]\(([^)#\s]+)(#[^)\s]*)?\)")
_BETWEEN_HAN = re.compile(r"(?<=[\u4e00-\u9fff])(?=[\u4e00-\u9fff])")
_ROLE = re.compile(r":(?:class|func|meth|mod|data):(?=<code>)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Let ``folder/*`` in the navigation stand for all documents of a folder."""
    _widen(config.nav or [])
    return config


def _widen(entries: list[Any]) -> None:
    for entry in entries:
        for title, target in entry.items():
            if isinstance(target, list):
                _widen(target)
            elif target.endswith("/*"):
                found = sorted((DOCS / target[:-2]).glob("*.md"))
                entry[title] = [each.relative_to(DOCS).as_posix() for each in found]


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add a page for what documents link to outside docs/, and for linked code."""
    found = [ROOT / "CHANGELOG.md"]
    for file in files.documentation_pages():
        found += _targets(Path(str(file.abs_src_path)))
    while found:
        target = found.pop()
        if target.suffix in IMAGES or files.get_file_from_path(_name(target)):
            continue
        if target.suffix == ".md":
            files.append(File.generated(config, _name(target), abs_src_path=str(target)))
            found += _targets(target)
        else:
            shown = File.generated(config, _name(target), content=_shown(target))
            shown.inclusion = InclusionLevel.NOT_IN_NAV
            files.append(shown)
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn links to files into links to their pages."""
    if page.parent is None and page.file.inclusion.is_in_nav():
        page.meta["hide"] = ["navigation"]  # it would list this page alone
    source = page.file.abs_src_path
    if source is None:  # made by _shown, without links
        return markdown
    here = posixpath.dirname(page.file.src_uri)

    def link(match: re.Match[str]) -> str:
        target = _target(Path(source), match[1])
        if target is None:
            return match[0]
        return f"]({posixpath.relpath(_name(target), here or '.')}{match[2] or ''})"

    return _LINK.sub(link, markdown)


def on_page_content(html: str, **_: Any) -> str:
    """Drop the roles of docstrings, which only Sphinx knows."""
    return _ROLE.sub("", html)


def on_post_build(config: MkDocsConfig) -> None:
    """Make each Han character a word of the site's search, so that any part is found.

    The theme's search parts words at U+200B. It would take jieba to put it between words.
    """
    index = Path(config.site_dir) / "search" / "search_index.json"
    text = json.dumps(json.loads(index.read_text(encoding="utf-8")), ensure_ascii=False)
    index.write_text(_BETWEEN_HAN.sub("\u200b", text), encoding="utf-8")


def _targets(document: Path) -> Iterator[Path]:
    for match in _LINK.finditer(document.read_text(encoding="utf-8")):
        target = _target(document, match[1])
        if target is not None:
            yield target


def _target(document: Path, link: str) -> Path | None:
    """Return the file or folder of the repository that a link names; None for any other link."""
    target = Path(os.path.normpath(document.parent / link))
    return target if target.is_relative_to(ROOT) and target.exists() else None


def _name(target: Path) -> str:
    """Return the name that a file or folder has in the site."""
    if target == ROOT / "README.md":
        return "index.md"
    name = target.relative_to(DOCS if target.is_relative_to(DOCS) else ROOT).as_posix()
    if target.is_dir():
        return f"{name}/index.md"
    return name if target.suffix == ".md" or target.suffix in IMAGES else f"{name}.md"


def _shown(target: Path) -> str:
    """Return a page with a file, or with the files of a folder."""
    title = target.relative_to(ROOT).as_posix()
    lines = ["---", "search: { exclude: true }", "---", f"# `{title}`", ""]
    if not target.is_dir():
        return "\n".join([*lines, *_code(target)])
    for each in sorted(target.iterdir()):
        if each.is_file():
            lines += [f"## `{each.name}`", "", *_code(each)]
    return "\n".join(lines)


def _code(file: Path) -> list[str]:
    try:
        language = get_lexer_for_filename(file.name).aliases[0]
    except ClassNotFound:
        language = "text"
    return [f"````{language}", file.read_text(encoding="utf-8").rstrip(), "````", ""]
