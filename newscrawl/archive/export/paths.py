"""Names of files that are made of ids: inside their folder, and allowed by every file system."""

from __future__ import annotations

import re
from hashlib import blake2b

from newscrawl.text.escape import OBEYED

LONGEST = 180
"""Bytes of a name; file systems allow 255, and a file that is being written has a longer one."""
_DEEPEST = 8
# Control characters and half characters, marks that turn the direction of text, so that a name
# shows another suffix than it has, and what Windows refuses.
_UNSAFE = re.compile(f'[{OBEYED}\t\n\\\\/:*?"<>|]')
_RESERVED = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])", re.IGNORECASE)


def safe_path(path: str) -> str:
    """Return *path* below a folder: nothing in it leads out, or is refused by a file system.

    A path that had to be altered gets a hash, so that no two paths become one; all others stay.
    """
    folders = [_safe(part) for part in path.split("/") if part.strip("./ ")]
    parts = [part for part in folders if part][-_DEEPEST:] or ["_"]
    if (made := "/".join(parts)) == path:
        return made
    stem, dot, suffix = parts[-1].rpartition(".")
    if not stem:
        stem, dot, suffix = parts[-1], "", ""
    return "/".join([*parts[:-1], f"{stem}-{_hash(path)}{dot}{suffix}"])


def safe_name(text: str, suffix: str) -> str:
    """Return the name of a file for *text*, whatever it is, with its hash."""
    return f"{_safe(text) or '_'}-{_hash(text)}{suffix}"


def _hash(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def _safe(part: str) -> str:
    """Return one name; a name that is too long keeps its end, which has its suffix."""
    name = _UNSAFE.sub("_", part).rstrip(". ").lstrip(" ")
    encoded = name.encode()
    if len(encoded) > LONGEST:
        name = encoded[-LONGEST:].decode(errors="ignore").lstrip(". ")
    # Windows takes nul.md for the device, too.
    return f"_{name}" if _RESERVED.fullmatch(name.partition(".")[0].rstrip()) else name
