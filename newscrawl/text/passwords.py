"""Removes user names and passwords from URLs before anything is stored, logged or forwarded.

Everything before the ``@`` of ``http://user:password@host/`` is removed; the user name too, since
it may be a token. What an article itself publishes, and the bytes of a page, are left unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_IN_TEXT = re.compile(r"((?:^|[\s'\"<>(=,:])//)[^\s/?#'\"<>]*@")
_IN_ADDRESS = re.compile(r"^((?:[A-Za-z][A-Za-z0-9+.-]*:)?//|)[^/?#]*@")
_ADDRESSES = frozenset(("base_url", "hosts", "info_code"))
"""Spider arguments that are comma-separated URLs, also without a scheme."""


def without_passwords(text: str) -> str:
    """Return *text* with user names and passwords removed from all URLs."""
    return _IN_TEXT.sub(r"\1", text) if "@" in text else text


def clean_address(url: str) -> str:
    """Return one URL without user name and password, even if it has no scheme."""
    return _IN_ADDRESS.sub(r"\1", url, count=1) if "@" in url else url


def clean_arguments(arguments: Mapping[str, str]) -> dict[str, str]:
    """Return the arguments of a spider as they may be stored, even those that are not UTF-8."""
    return {
        name: ",".join(map(clean_address, text.split(",")))
        if name in _ADDRESSES
        else without_passwords(text).encode(errors="backslashreplace").decode()
        for name, text in arguments.items()
    }


def unreadable_address(text: str) -> str:
    """Return what may be shown of a malformed URL: the part after the last ``@``."""
    return text.rpartition("@")[2]
