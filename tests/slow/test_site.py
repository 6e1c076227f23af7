"""The documentation site: it builds, fetches nothing from elsewhere, and has what is linked."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from crawls import ROOT

FETCHED = {("script", "src"), ("img", "src"), ("iframe", "src"), ("source", "src")}
LINKED = {
    "stylesheet",
    "icon",
    "preconnect",
    "preload",
    "prefetch",
    "dns-prefetch",
    "modulepreload",
}


class Fetches(HTMLParser):
    """Collects the addresses that a browser asks for by itself when it shows a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.found += [value or "" for name, value in attrs if (tag, name) in FETCHED]
        if tag == "link" and LINKED & set((named.get("rel") or "").split()):
            self.found.append(named.get("href") or "")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [Path(sys.executable).with_name("mkdocs"), "build", "--strict", "--site-dir", folder],
        cwd=ROOT, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 30
    for page in pages:
        fetches = Fetches()
        fetches.feed(page.read_text(encoding="utf-8"))
        assert len(fetches.found) > 3
        elsewhere = [each for each in fetches.found if re.match(r"(?:[a-z]+:)?//", each)]
        assert elsewhere == [], page
        assert "mermaid" not in page.read_text(encoding="utf-8")  # the theme would fetch it
    for sheet in site.rglob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        assert re.findall(r"(?:url\(|@import)\s*['\"]?(?:https?:)?//", text) == [], sheet


def test_what_is_linked_is_there(site: Path) -> None:
    for name in (
        "tutorial.html", "cli.html", "schema.html", "faults.html", "CHANGELOG.html",
        "deploy/index.html", "deploy/systemd/index.html", "deploy/crontab.html",
        "examples/follow.py.html", "newscrawl/settings.py.html",
    ):  # fmt: skip
        assert (site / name).exists(), name
    timer = (site / "deploy/systemd/index.html").read_text(encoding="utf-8")
    assert "OnCalendar" in timer
    assert not list(site.rglob("*.py"))
    for decision in (ROOT / "docs" / "decisions").glob("*.md"):
        assert (site / "decisions" / f"{decision.stem}.html").exists()


def test_links_lead_somewhere_in_the_site(site: Path) -> None:
    for page in site.rglob("*.html"):
        if page.name == "404.html":  # shown under any address
            continue
        for link in re.findall(r'<a [^>]*?href="([^"#?:]+)[#"]', page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.relative_to(site)}: {link}"


def test_python_is_printed_from_the_code(site: Path) -> None:
    page = (site / "python.html").read_text(encoding="utf-8")
    text = re.sub(r"<[^>]+>", "", page)
    assert "Yield the articles that were inserted or changed after" in text
    assert "published_precision" in text
    assert ":class:" not in text
    assert ":::" not in text


def test_search_finds_chinese_by_any_part(site: Path) -> None:
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    texts = "".join(each["text"] for each in index["docs"])
    assert "东\u200b方\u200b财\u200b富" in texts  # the theme parts words at U+200B
    assert re.search(r"[\u4e00-\u9fff]{2}", texts) is None
    assert "\\u200b" in index["config"]["separator"]
