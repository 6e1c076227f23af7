"""An archive that is large enough to measure an export."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from archives import article, fill, multiply, page


def big(path: Path, articles: int) -> None:
    """Make an archive of many long articles."""
    fill(path, article(page(), title="短"))
    with closing(sqlite3.connect(path)) as connection, connection:
        multiply(connection, articles, characters=400)
