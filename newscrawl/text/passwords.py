"""User names and passwords in addresses: taken out before anything is stored, said or sent on.

What stands before the ``@`` of ``http://user:password@host/`` goes, the user's name with it: it may
be a token. What an article itself publishes, and the bytes of a page, are left as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_IN_TEXT = re.compile(r"((?:^|[\s'\"<>(=,:])//)[^\s/?#'\"<>]*@")
_IN_ADDRESS = re.compile(r"^((?:[A-Za-z][A-Za-z0-9+.-]*:)?//|)[^/?#]*@")
_ADDRESSES = frozenset(("base_url", "hosts", "info_code"))
"""Arguments of spiders that are addresses, by commas, and need no scheme."""


def without_passwords(text: str) -> str:
    """Return *text* in which no address has a user name or a password."""
    return _IN_TEXT.sub(r"\1", text) if "@" in text else text


def clean_address(url: str) -> str:
    """Return one address without user name and password, also where it has no scheme."""
    return _IN_ADDRESS.sub(r"\1", url, count=1) if "@" in url else url


def clean_arguments(arguments: Mapping[str, str]) -> dict[str, str]:
    """Return the arguments of a spider as they may be stored: also those that are not UTF-8."""
    return {
        name: ",".join(map(clean_address, text.split(",")))
        if name in _ADDRESSES
        else without_passwords(text).encode(errors="backslashreplace").decode()
        for name, text in arguments.items()
    }


def unreadable_address(text: str) -> str:
    """Return what may be said of an address that cannot be read: what is behind the last ``@``."""
    return text.rpartition("@")[2]
