"""What tests share: the real pages where they are, a made mirror, a served folder, a crawl."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

FINEWS = Path(os.environ.get("NEWSCRAWL_FINEWS") or Path(__file__).parents[2] / "shared" / "finews")


@pytest.fixture(scope="session")
def finews() -> Path:
    """The real posts and pages of the mirror: other people's text, so not in this repository."""
    if not (FINEWS / "site" / "index.html").exists():
        pytest.skip(f"the real pages are not at {FINEWS}; $NEWSCRAWL_FINEWS names another folder")
    return FINEWS
