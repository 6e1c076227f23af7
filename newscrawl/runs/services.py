"""Sends messages to the services that Apprise knows: mail, Telegram, WeCom, webhooks."""

from __future__ import annotations

import hashlib
import logging
import os
import stat
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

URLS = "NEWSCRAWL_ALERT_URLS"
"""The environment variable with the services' addresses, one on each line or between spaces."""
_WEBHOOKS = ("json://", "jsons://", "xml://", "xmls://", "form://", "forms://")
"""Addresses of services that take a header from the address."""


class BadServices(ValueError):
    """There is no service to send to, or an address is not one; the message names no address."""


@dataclass(frozen=True, slots=True)
class Service:
    """A place to send messages to."""

    url: str
    """Its address, which is a secret."""
    shown: str
    """Its address without the secrets, for people."""

    @property
    def name(self) -> str:
        """What stands for it in files: no address can be read from it."""
        return hashlib.sha256(self.url.encode()).hexdigest()[:16]


def services_of(file: Path | None) -> list[Service]:
    """Return the services that a file names, or else the environment.

    :raises BadServices: none is named, an address is not one, or others may read the file.
    :raises ImportError: Apprise is not installed.
    """
    where = str(file) if file is not None else URLS
    if file is not None:
        lines = [line.strip() for line in _read(file).splitlines()]
        urls = [line for line in lines if line and not line.startswith("#")]
    else:
        urls = os.environ.get(URLS, "").split()
    if not urls:
        raise BadServices(
            f"{where} names no service. Write the address of one, such as "
            "mailtos://user:password@example.com or json://localhost/hook"
        )
    return [_service(url, f"{where}, address {number}") for number, url in enumerate(urls, 1)]


def _read(file: Path) -> str:
    try:
        others = stat.S_IMODE(file.stat().st_mode) & 0o077
        if others and os.name == "posix":
            raise BadServices(f"{file} can be read by others; change that: chmod 600 {file}")
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadServices(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadServices(f"{file} is not UTF-8") from None


def _service(url: str, where: str) -> Service:
    made = _apprise().Apprise.instantiate(url, suppress_exceptions=True)
    if made is None:
        raise BadServices(f"{where} is not an address that Apprise knows")
    return Service(url, str(made.url(privacy=True)).partition("?")[0])


def send(service: Service, title: str, body: str, key: str) -> bool:
    """Send a message; return whether the service took it.

    *key* is the same when the same message is sent again: webhooks get it as ``Idempotency-Key``.
    """
    url = service.url
    if url.startswith(_WEBHOOKS):
        url += f"{'&' if '?' in url else '?'}+Idempotency-Key={key}"
    apprise = _apprise()
    sender = apprise.Apprise()
    return bool(sender.add(url) and sender.notify(title=title, body=body, body_format="text"))


@cache
def _apprise() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of what it imports, now and below
        import apprise

        apprise.Apprise.instantiate("json://localhost")  # loads the services
    # It would log addresses with what is secret in them.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    return apprise
