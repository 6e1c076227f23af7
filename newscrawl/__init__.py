"""newscrawl keeps a complete, exact and searchable archive of a news feed in one SQLite file."""

__version__ = "0.1.0"
