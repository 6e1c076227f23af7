"""What tests share: the real pages where they are, sample sites, and whole crawls in process."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from crawls import Hands
from samplesite.server import Answers, Folder, Server, serve

from newscrawl.store import clock

FINEWS = Path(os.environ.get("NEWSCRAWL_FINEWS") or Path(__file__).parents[2] / "shared" / "finews")


@pytest.fixture(scope="session")
def finews() -> Path:
    """The real posts and pages of the mirror: other people's text, so not in this repository."""
    if not (FINEWS / "site" / "index.html").exists():
        pytest.skip(f"the real pages are not at {FINEWS}; $NEWSCRAWL_FINEWS names another folder")
    return FINEWS


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    """The clock of what is crawled in this process."""
    made = Hands()
    monkeypatch.setattr(clock, "clock", made)
    return made


@pytest.fixture
def serving() -> Iterator[Callable[[Answers], Server]]:
    """Serve sites until the test ends: ``server = serving(Site(articles=20))``."""
    servers: list[Server] = []

    def start(site: Answers) -> Server:
        servers.append(serve(site))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def real_mirror(finews: Path, serving: Callable[[Answers], Server]) -> Server:
    """The real site, served on loopback."""
    return serving(Folder(finews / "site"))
