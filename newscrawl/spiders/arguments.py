"""Arguments of spiders, checked: a day, a number, a switch, a host, the URL of a site."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from datetime import date
from urllib.parse import urljoin, urlsplit

from scrapy.exceptions import UsageError

from newscrawl.sites import finews
from newscrawl.text.china_time import read_day
from newscrawl.text.passwords import unreadable_address


def base_url(text: str) -> str:
    """Return *text* as the base of a site: scheme, host, path with a slash at its end.

    :raises UsageError: it is not an http or https URL.
    """
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise UsageError(
            f"base_url {unreadable_address(text)!r} is not the URL of a site; use for example "
            f"{finews.HOME} or http://127.0.0.1:8000/"
        )
    is_file = posixpath.splitext(parts.path)[1] != ""  # …/index.html
    path = parts.path if is_file or parts.path.endswith("/") else parts.path + "/"
    return urljoin(parts._replace(path=path, query="", fragment="").geturl(), ".")


def host_of(text: str) -> str:
    """Return *text* in lower case if it is a host name.

    :raises UsageError: it is not a host name.
    """
    host = text.strip()
    if not re.fullmatch(r"[A-Za-z0-9.-]+|[0-9A-Fa-f:]+", host):
        raise UsageError(
            f"hosts: {unreadable_address(text)!r} is not a host name; "
            "use for example finance.eastmoney.com"
        )
    return host.lower()


def day(name: str, text: str) -> date:
    """Return *text* as a date.

    :raises UsageError: it is not a valid date.
    """
    try:
        return read_day(text)
    except ValueError:
        raise UsageError(f"{name} {text!r} is not a valid date; use YYYY-MM-DD") from None


def is_set(arguments: Mapping[str, str], name: str) -> bool:
    """Whether an argument that is a switch is on."""
    return arguments.get(name, "0") not in ("0", "")


def positive(name: str, text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise UsageError(f"{name} {text!r} is not a positive integer")
    return number
