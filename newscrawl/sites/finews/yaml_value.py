"""Reads a value in a post's front matter as YAML: a text, or a list, ``tags: [a, "b"]``."""

from __future__ import annotations

from dataclasses import dataclass

import yaml

MOST = 10_000
"""Characters of a value; a longer one is not read."""
_DEEPEST = 100
"""Brackets of a value: a reader of YAML takes the square of their number in time."""
_NULL = frozenset(("", "~", "null", "Null", "NULL"))


@dataclass(slots=True)
class Value:
    """What YAML makes of a key's value."""

    text: str | None = None
    """A text as it is printed, also a number; None for null, a list or a mapping."""
    texts: list[str] | None = None
    """The texts of a list; None where there is no list."""
    lost: int = 0
    """Mappings that have no text: one in a list, or the value."""


class _Aliased(yaml.YAMLError):
    """The text has an alias, by which a few lines could stand for millions of values."""


class _Loader(yaml.BaseLoader):
    """Reads scalars, lists and mappings alone, and makes no objects."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise _Aliased("an alias")
        return super().compose_node(parent, index)


def read_value(text: str) -> Value | None:
    """Return the value in *text*, a YAML mapping of one key; None where it is not one.

    Lists in a list are joined to it, as Jekyll does.
    """
    if len(text) > MOST or text.count("[") + text.count("{") > _DEEPEST:
        return None
    try:
        root = yaml.compose(text, _Loader)
        if not isinstance(root, yaml.MappingNode) or len(root.value) != 1:
            return None
        found = Value()
        _, node = root.value[0]
        if isinstance(node, yaml.ScalarNode):
            found.text = _text(node)
        elif isinstance(node, yaml.SequenceNode):
            found.texts = []
            _add_texts(node, text, found)
        else:
            found.lost = 1
    except (yaml.YAMLError, RecursionError, ValueError):
        return None
    return found


def _text(node: yaml.ScalarNode) -> str | None:
    return None if node.style is None and node.value in _NULL else str(node.value)


def _add_texts(node: yaml.SequenceNode, text: str, found: Value) -> None:
    for each in node.value:
        if isinstance(each, yaml.SequenceNode):
            _add_texts(each, text, found)
        elif (printed := _printed(each, text)) is None:
            found.lost += 1
        elif (words := " ".join(printed.split())) and found.texts is not None:
            found.texts.append(words)


def _printed(node: yaml.Node, text: str) -> str | None:
    if isinstance(node, yaml.ScalarNode):
        return str(node.value)
    if len(node.value) == 1 and text[node.start_mark.index] != "{":
        # "- a: b" is a mapping in YAML, and a name with a colon to whoever wrote it.
        scalars = [each.value for each in node.value[0] if isinstance(each, yaml.ScalarNode)]
        return ": ".join(scalars) if len(scalars) == 2 else None
    return None
