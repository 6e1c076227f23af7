"""What tests share: the real pages where they are, sample sites, and whole crawls in process."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from crawls import Hands
from samplesite.server import Answers, Folder, Server, serve

from newscrawl.store import clock

SLOW = Path(__file__).parent / "slow"
FINEWS = Path(os.environ.get("NEWSCRAWL_FINEWS") or Path(__file__).parents[2] / "shared" / "finews")
# The settings of whoever runs the tests are not part of them.
os.environ["NEWSCRAWL_CONFIG"] = os.devnull
# A shell that runs the tests in the background ignores Ctrl-C for them and all that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that runs everything."""
    parser.addoption("--slow", action="store_true", help="also run the tests in tests/slow")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave tests/slow out unless it is asked for; what is named by its path is always run."""
    return True if collection_path == SLOW and not config.getoption("--slow") else None


@pytest.fixture(scope="session")
def finews() -> Path:
    """The real posts and pages of the mirror: other people's text, so not in this repository."""
    if not (FINEWS / "site" / "index.html").exists():
        pytest.skip(f"the real pages are not at {FINEWS}; $NEWSCRAWL_FINEWS names another folder")
    return FINEWS


@pytest.fixture(scope="session")
def cases() -> Path:
    """Inputs that were once read wrongly; they lie beside the real pages."""
    found = FINEWS.parent / "cases"
    if not found.is_dir():
        pytest.skip(f"the cases are not at {found}; $NEWSCRAWL_FINEWS names a folder beside them")
    return found


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
