"""Reads the settings file, ``newscrawl.toml``, and the settings in the environment.

The command line wins over the environment, which wins over the file. A file is never taken from the
current folder or the archive's: it may name commands, and those would be a stranger's.
"""

from __future__ import annotations

import os
import re
import stat
import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from newscrawl.cli.options import DB
from newscrawl.text.passwords import without_passwords

FILE = "NEWSCRAWL_CONFIG"
"""The environment variable that names the file."""
ENVIRONMENT = "environment"
_SECRET = re.compile(r"^NEWSCRAWL_ALERT_URLS$|PASSWORD|_PASS$|SECRET|TOKEN|ACCESS_KEY")
_SECRET_HEADERS = ("authorization", "cookie", "proxy-authorization")


class BadSettings(ValueError):
    """The settings cannot be used; the message is a sentence that says which and why."""


@dataclass(frozen=True, slots=True)
class Configured:
    """The settings that the file and the environment give."""

    file: Path | None = None
    """None where no file was found."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """By name: TOML values of the file, texts of the environment."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """By name: ``environment``, or the file's path."""


def own_file() -> Path | None:
    """Return where the user's settings file belongs; None where the user has no home folder."""
    if sys.platform == "win32":
        folder = os.environ.get("APPDATA", "")
    else:
        # The XDG specification ignores a relative path, which would lead to the current folder.
        folder = os.environ.get("XDG_CONFIG_HOME", "")
        folder = folder if os.path.isabs(folder) else os.path.expanduser("~/.config")
    return Path(folder, "newscrawl", "newscrawl.toml") if os.path.isabs(folder) else None


def read_settings(named: str | None = None) -> Configured:
    """Return the settings of the file and of the environment.

    *named* is the file; otherwise NEWSCRAWL_CONFIG names it, or it is the user's own, if there is
    one.

    :raises BadSettings: the file cannot be read, or has a setting that it cannot have.
    """
    named = named or os.environ.get(FILE)
    file = Path(named) if named else own_file()
    # Not Path.exists(), which raises where the folder is another user's (sudo keeps HOME).
    if file is not None and not named and not os.path.exists(file):
        file = None
    if file is not None and not named:
        _check_owner(file)
    in_file = _read(file) if file is not None else {}
    in_environment = dict(_in_environment())
    if os.environ.get("NEWSCRAWL_ALERT_URLS"):  # the environment wins, under its other name
        in_file.pop("NEWSCRAWL_ALERT_URLS_FILE", None)
    return Configured(
        file,
        {**in_file, **in_environment},
        {**dict.fromkeys(in_file, str(file)), **dict.fromkeys(in_environment, ENVIRONMENT)},
    )


def _in_environment() -> Iterator[tuple[str, str]]:
    names = [name for name in os.environ if name.startswith("NEWSCRAWL_")]
    if names:
        from newscrawl import settings

        yield from ((name, os.environ[name]) for name in names if hasattr(settings, name))


def _check_owner(file: Path) -> None:
    """Refuse another user's file: under sudo, which may keep HOME, root would run its commands."""
    with suppress(OSError):  # which reading it tells
        if os.name == "posix" and file.stat().st_uid not in (0, os.geteuid()):
            raise BadSettings(
                f"{file} belongs to another user, and it may name commands; to use it all the "
                "same, name it: --config"
            )


def _read(file: Path) -> dict[str, Any]:
    """Return what a file says."""
    try:
        mode = file.stat().st_mode
        if stat.S_ISREG(mode) and mode & stat.S_IWOTH and os.name == "posix":
            raise BadSettings(
                f"{file} can be written by everybody, and it may name commands; change that: "
                f"chmod o-w {file}"
            )
        read = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BadSettings(f"The settings file {file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadSettings(f"The settings file {file} is not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise BadSettings(f"The settings file {file} is not valid TOML: {error}") from None
    for name, value in read.items():
        if problem := _problem(name, value):
            raise BadSettings(f"{file}: {name} {problem}")
    return read


def _problem(name: str, value: Any) -> str | None:
    """Return why a file cannot have a setting; None if it can."""
    if _SECRET.search(name) or _has_secret(value):
        return (
            "has a secret, which others could read there; set it in the environment "
            f"({_variable(name)})"
        )
    if not _is_plain(value):
        return "has a date or a time, which no setting takes"
    from newscrawl import settings

    if hasattr(settings, name) and name.isupper():
        return None if name in fileable() else "is not for a settings file"
    return _unknown(name)


def _variable(name: str) -> str:
    """Return the environment variable that takes a setting's secret."""
    return name if name.startswith("NEWSCRAWL_") else "https_proxy, NEWSCRAWL_ALERT_URLS …"


def _unknown(name: str) -> str | None:
    """Return what is wrong with a setting that is not in newscrawl's; None if it is Scrapy's."""
    from difflib import get_close_matches

    from scrapy.settings import default_settings

    from newscrawl.cli.overrides import REFUSED

    if name in REFUSED:
        return f"cannot be set: {REFUSED[name]}"
    known = [*fileable(), *filter(str.isupper, dir(default_settings))]
    if name in known:
        return None
    near = get_close_matches(name.upper(), known, 1, 0.5)
    return f"is not a setting{f'; the nearest one is {near[0]}' if near else ''}"


def _has_secret(value: Any) -> bool:
    """Whether a URL with a password, or a header that lets somebody in, is in a value."""
    match value:
        case str():
            return without_passwords(value) != value
        case dict():
            return any(
                str(name).lower() in _SECRET_HEADERS or _has_secret(each)
                for name, each in value.items()
            )
        case list():
            return any(map(_has_secret, value))
        case _:
            return False


_WIRING = (
    "ADDONS", "BOT_NAME", "COMMANDS_MODULE", "FEED_EXPORTERS", "NEWSPIDER_MODULE", "SPIDER_MODULES",
    "TWISTED_REACTOR_ENABLED",
)  # fmt: skip
"""What makes newscrawl of Scrapy."""


def fileable() -> dict[str, Any]:
    """Return the settings of ``settings.py`` that a file may have, with their defaults."""
    from newscrawl import settings

    found = {
        name: value
        for name, value in vars(settings).items()
        if name.isupper() and name not in _WIRING and _is_plain(value)
    }
    return {**found, "NEWSCRAWL_DB": DB}  # not what the environment says


def _is_plain(value: Any) -> bool:
    """Whether TOML has such values: classes and None it has not."""
    match value:
        case dict():
            return all(map(_is_plain, value.values()))
        case list() | tuple():
            return all(map(_is_plain, value))
        case _:
            return isinstance(value, str | int | float)
