"""Datasette on one archive, read-only, with our pages before its own."""

from __future__ import annotations

from pathlib import Path

from datasette.app import Datasette
from datasette.plugins import pm

from newscrawl.archive.datasette import plugin
from newscrawl.archive.datasette.database import ArchiveDatabase
from newscrawl.archive.datasette.metadata import metadata
from newscrawl.archive.datasette.served import ServedArchive, serves

HERE = Path(__file__).parent
SETTINGS = {
    "sql_time_limit_ms": 3000,
    "default_page_size": 50,
    "max_returned_rows": 1000,
    "num_sql_threads": 3,
    "allow_download": False,  # a copy of a file in use is not a backup
    "suggest_facets": False,  # guessing at them reads whole tables
    "truncate_cells_html": 200,
}


def make(path: Path, *, is_public: bool = False, watchlist: str | None = None) -> Datasette:
    """Return Datasette on the archive at *path*, which must exist and be one.

    It opens the file read-only, and again where another file was put in its place. The pages offer
    the rules of *watchlist*, ``FILE`` or ``FILE:RULE``.
    """
    from datasette import handle_exception  # before Datasette's app it would miss its own hooks

    # Else it prints a traceback with all variables for each wrong question, where rich is.
    handle_exception.rich = None
    if not pm.is_registered(plugin):
        pm.register(plugin, name="newscrawl")
    made = Datasette(
        metadata=metadata(path.stem),
        settings=SETTINGS,
        template_dir=str(HERE / "templates"),
        static_mounts=[("-/newscrawl", str(HERE / "static"))],
    )
    # Where it is given no file it offers an empty database to calculate in.
    made.remove_database("_memory")
    archive = ArchiveDatabase(made, str(path))
    database = made.add_database(archive, name=path.stem).name
    serves[made] = ServedArchive(database, is_public, watchlist)
    return made
