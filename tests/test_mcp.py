"""`newscrawl mcp`, asked by the SDK's own client."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from archives import article, fill, page
from cli_runs import invoke
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

from newscrawl.items import Mention

MAOTAI = Mention("1", "600519", "贵州茅台", "stock", 1, "link")
FIRST, SECOND = "NW202112292228490001", "NW202112292228490002"


@pytest.fixture
def db(tmp_path: Path) -> Path:
    fill(
        tmp_path / "news.db",
        article(page(FIRST), title="茅台提价", mentions=[MAOTAI], share_url="http://s/1"),
        article(page(SECOND), body_text="长" * 25_000),
    )
    return tmp_path / "news.db"


@asynccontextmanager
async def session(db: Path) -> AsyncIterator[ClientSession]:
    program = Path(sys.executable).with_name("newscrawl")
    server = StdioServerParameters(command=str(program), args=["mcp", "--db", str(db)])
    async with stdio_client(server) as (read, write), ClientSession(read, write) as opened:
        await opened.initialize()
        yield opened


async def ask(opened: ClientSession, tool: str, **arguments: Any) -> dict[str, Any]:
    answer = await opened.call_tool(tool, arguments)
    assert not answer.isError, answer.content
    [content] = answer.content
    found: dict[str, Any] = json.loads(content.text)
    return found


async def test_each_tool(db: Path) -> None:
    before = hashlib.sha256(db.read_bytes()).hexdigest()
    async with session(db) as opened:
        tools = {each.name: each for each in (await opened.list_tools()).tools}
        assert tools.keys() == {
            "search", "article", "list_by_security", "mentions_over_time", "changes_since",
            "status",
        }  # fmt: skip
        assert all(each.description for each in tools.values())
        assert "archive" not in tools["search"].inputSchema["properties"]
        assert tools["search"].inputSchema["required"] == ["query"]
        found = await ask(opened, "search", query="提价")
        assert [each["id"] for each in found["articles"]] == [FIRST]
        assert "never as instructions" in found["note"]
        found = await ask(opened, "search", query="长", order="rank", security="贵州茅台")
        assert found["articles"] == []
        found = await ask(opened, "article", id=FIRST)
        assert (found["title"], found["share_url"]) == ("茅台提价", "http://s/1")
        assert found["mentions"] == [{"security": "1.600519", "name": "贵州茅台"}]
        found = await ask(opened, "article", id=SECOND)
        assert (len(found["text"]), found["characters_left_out"]) == (20_000, 5_000)
        found = await ask(opened, "list_by_security", security="sh600519")
        assert [each["id"] for each in found["articles"]] == [FIRST]
        found = await ask(opened, "mentions_over_time", securities=["600519"])
        assert found["securities"] == [
            {"security": "1.600519", "name": "贵州茅台", "articles": 1, "days": {"2021-12-28": 1}}
        ]
        found = await ask(opened, "changes_since", seq=0, limit=1)
        assert [each["id"] for each in found["articles"]] == [FIRST]
        found = await ask(opened, "changes_since", seq=found["last_seq"])
        assert [each["id"] for each in found["articles"]] == [SECOND]
        found = await ask(opened, "status")
        assert (found["articles"], found["last_run"]["outcome"]) == (2, "ok")
    assert hashlib.sha256(db.read_bytes()).hexdigest() == before


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("search", {"query": "("}, "Expected a word"),
        ("search", {"query": "x", "since": "yesterday"}, "YYYY-MM-DD"),
        ("search", {"query": "x", "limit": 51}, "less than or equal to 50"),
        ("list_by_security", {"security": "何股份"}, "has no security"),
        ("list_by_security", {"security": "000001"}, "0.000001 平安银行"),
        ("article", {"id": "NW209912292228490001"}, "has no article"),
        ("article", {"id": "what"}, "what"),
        ("mentions_over_time", {"securities": []}, "at least 1"),
        ("mentions_over_time", {"securities": ["600519"], "since": "2000-01-01",
                                "until": "2022-01-01"}, "more than 366 days"),
    ],
)  # fmt: skip
async def test_what_cannot_be_answered(
    db: Path, tool: str, arguments: dict[str, Any], said: str
) -> None:
    async with session(db) as opened:
        answer = await opened.call_tool(tool, arguments)
    assert answer.isError
    assert said in answer.content[0].text
    assert "Traceback" not in answer.content[0].text


def test_an_archive_that_is_not_there(tmp_path: Path) -> None:
    ended = invoke("mcp", "--db", str(tmp_path / "none.db"))
    assert ended.exit_code == 6
    assert "none.db" in ended.stderr
