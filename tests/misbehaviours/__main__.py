"""Prints the tables of docs/misbehaviours.md."""

import sys

from misbehaviours.table import as_markdown

sys.stdout.write(as_markdown())
