"""Reads a list in a post's front matter, ``tags: [a, "b"]`` or one line for each, as YAML."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

MOST = 10_000
"""Characters of a list; a longer one is not read."""


class _Aliased(yaml.YAMLError):
    """The text has an alias, by which a few lines could stand for millions of values."""


class _Loader(yaml.BaseLoader):
    """Makes texts, lists and dicts alone, and no objects; a number stays as it is printed."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise _Aliased("an alias")
        return super().compose_node(parent, index)


def read_list(text: str, key: str) -> list[str] | None:
    """Return the texts of the list that *text*, a YAML mapping of one *key*, has.

    None where it has no list, or is not YAML. Lists in it are joined to it, as Jekyll does; of
    other values only texts count.
    """
    if len(text) > MOST:
        return None
    try:
        found = yaml.load(text, _Loader)  # noqa: S506  it makes no objects
    except (yaml.YAMLError, RecursionError, ValueError):
        return None
    values = found.get(key) if isinstance(found, dict) else None
    if not isinstance(values, list):
        return None
    texts = (" ".join(each.split()) for each in _flat(values))
    return [each for each in texts if each]


def _flat(values: list[object]) -> Iterator[str]:
    for each in values:
        if isinstance(each, list):
            yield from _flat(each)
        elif isinstance(each, str):
            yield each
