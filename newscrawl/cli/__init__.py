"""The command ``newscrawl``: words in, words out."""

from newscrawl.cli.app import main

__all__ = ["main"]
