"""Feeds that are not XML are read as the same feeds that are."""

from __future__ import annotations

from pathlib import Path

import pytest
from samplesite.site import Site

from newscrawl.sites.errors import Unreadable
from newscrawl.sites.finews import atom_feed

FEED = Site(articles=30).respond("/feed.xml").body.decode()
BROKEN = {
    "a bare &": FEED.replace("<title", "<subtitle>A & B</subtitle><title", 1),
    "an entity of HTML": FEED.replace("<title", "<subtitle>A&nbsp;B</subtitle><title", 1),
    "text behind the end": f"{FEED}\n<!-- x --><p>served in 3 ms</p>" + " " * 300,
    "a script behind the end": f"{FEED}<script>track('a' && 'b')</script>",
}


def told(text: str) -> list[dict[str, str]]:
    return [
        {name: value for name, value in record.items() if name != "updated"}
        for record in atom_feed.records(text)
    ]


@pytest.mark.parametrize("name", BROKEN)
def test_it_says_the_same(name: str) -> None:
    assert len(told(FEED)) == 10
    assert told(BROKEN[name]) == told(FEED)


@pytest.mark.parametrize(
    "said", ["<!DOCTYPE html><html>", "<!doctype x>", "a < b, <HTML lang='zh'>"]
)
def test_a_feed_may_speak_of_html(said: str) -> None:
    in_text = FEED.replace("</title>", f"</title><subtitle><![CDATA[{said}]]></subtitle>", 1)
    assert told(in_text) == told(FEED)
    begin = FEED.index("<feed")
    assert told(f"{FEED[:begin]}<!-- {said} -->\n<!-- -->{FEED[begin:]}") == told(FEED)


def test_a_bare_ampersand_in_a_title() -> None:
    title = told(FEED)[0]["title"]
    broken = FEED.replace(title, f"{title} A&B")
    assert told(broken)[0]["title"] == f"{title} A&B"


@pytest.mark.parametrize("wrap", ["%s", "%s <feed ", "<feed %s </feed>", "file://%s<feed></feed>"])
def test_the_name_of_a_file_is_not_opened(tmp_path: Path, wrap: str) -> None:
    path = tmp_path / "feed.xml"
    path.write_text(FEED, "utf-8")
    try:
        found = list(atom_feed.records(wrap % path))
    except Unreadable:
        found = []
    assert found == []


def test_a_feed_without_its_end_is_cut_off() -> None:
    with pytest.raises(Unreadable) as caught:
        list(atom_feed.records(BROKEN["a bare &"].partition("</feed>")[0]))
    assert caught.value.reason == "cut_off"
