"""What newscrawl uses of Scrapy without Scrapy documenting it is still there, and nowhere else."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import aiohttp
import pytest
from scrapy.core import engine, scraper
from scrapy.core.downloader.handlers import _aiohttp
from scrapy.core.engine import ExecutionEngine
from scrapy.utils.test import get_crawler

import newscrawl
from newscrawl.runs import scrapy_private

PACKAGE = Path(newscrawl.__file__).parent
HANDLER = _aiohttp.AiohttpDownloadHandler

_PRIVATE = re.compile(
    r"scrapy(?:\.\w+)*\._\w+|\bimport _[a-z]\w+|\bscraper\.slot\b"
    r"|\b(?:engine|process|crawler|response|session)\._[a-z]\w+"
)


def test_one_module_names_them() -> None:
    found = {
        str(path.relative_to(PACKAGE)): names
        for path in PACKAGE.rglob("*.py")
        if (names := _PRIVATE.findall(path.read_text(encoding="utf-8")))
    }
    assert found.pop("runs/scrapy_private.py")
    assert found == {}, "import it in newscrawl/runs/scrapy_private.py, with its reason"


@pytest.mark.parametrize("name", ["_extract_headers", "_request_headers", "download_request"])
def test_methods_of_the_handler(name: str) -> None:
    assert callable(getattr(HANDLER, name, None)), (
        f"Scrapy's aiohttp handler has no {name} any more: OpenAiohttpHandler overrides it in vain"
    )


@pytest.mark.parametrize("name", ["_extract_headers", "_request_headers"])
def test_scrapy_calls_what_is_overridden(name: str) -> None:
    source = inspect.getsource(HANDLER._make_request) + inspect.getsource(HANDLER._read_response)
    assert f"self.{name}(" in source, (
        f"Scrapy's aiohttp handler does not call {name} any more: OpenAiohttpHandler overrides it "
        "in vain"
    )


async def test_session_of_the_handler() -> None:
    handler = HANDLER(get_crawler(settings_dict={"TWISTED_REACTOR_ENABLED": False}))
    try:
        for name in ("_session", "_bind_address", "_pool_size_total", "_pool_size_per_host"):
            assert hasattr(handler, name), (
                f"Scrapy's aiohttp handler has no {name} any more: OpenAiohttpHandler makes its "
                "session of it"
            )
        made = inspect.getsource(HANDLER.__init__)
        assert re.search(r"ClientSession\(.*?\n        \)", made, re.DOTALL), made
        options = set(re.findall(r"^ {12}(\w+)=", made, re.MULTILINE))
        ours = {
            "local_addr", "limit", "limit_per_host",
            "connector", "cookie_jar", "auto_decompress", "response_class", "skip_auto_headers",
        }  # fmt: skip
        assert options == ours, (
            "Scrapy makes the session of its aiohttp handler of other options: "
            "OpenAiohttpHandler must make it alike"
        )
    finally:
        await handler.close()


def test_response_class() -> None:
    assert issubclass(_aiohttp._ClientResponse, aiohttp.ClientResponse), (
        "Scrapy has no response class of its own for aiohttp any more: OpenAiohttpHandler names it"
    )


def test_closing_of_an_engine() -> None:
    assert "self._slot" in inspect.getsource(ExecutionEngine.close_spider_async), (
        "Scrapy's engine closes in another way: is_running reads engine._slot.closing"
    )
    assert "self.closing" in inspect.getsource(engine._Slot), (
        "The slot of Scrapy's engine has no `closing`: is_running reads it"
    )


def test_slot_of_the_scraper() -> None:
    slot = scraper.Slot()
    assert slot.closing is None, "end_idle_scraper calls what Scrapy's scraper waits for"
    assert slot.is_idle(), "end_idle_scraper asks Scrapy's scraper whether it has anything to do"
    assert "slot" in inspect.getsource(scraper.Scraper.close_spider_async), (
        "Scrapy's scraper closes in another way: end_idle_scraper knows its slot"
    )


def test_they_are_few() -> None:
    """A new one is weighed in docs/decisions/0002-no-reactor.md."""
    source = inspect.getsource(scrapy_private)
    found = set(re.findall(r"(?:\.|import |def )(_[a-z]\w+)", source)) - {"_aiohttp"}
    assert found == {
        "_bind_address", "_extract_headers", "_pool_size_per_host", "_pool_size_total",
        "_request_headers", "_session", "_slot",
    }  # fmt: skip
