"""Hands the settings of the file and the environment to the commands, and to ``scrapy crawl``."""

from __future__ import annotations

import json
from typing import Any

import click

from newscrawl.cli.output import safe_line
from newscrawl.cli.settings_file import ENVIRONMENT, BadSettings, Configured, read_settings


def configured() -> Configured:
    """Return what the file and the environment give to the command that runs."""
    found = click.get_current_context().find_root().obj
    return found if isinstance(found, Configured) else Configured()


def configured_settings() -> dict[str, Any]:
    """Return the settings that the file and the environment give to the run of a command.

    :raises click.UsageError: one has an invalid value.
    """
    try:
        found = run_settings(configured())
    except BadSettings as error:
        raise click.UsageError(safe_line(f"{error}.")) from None
    found.pop("NEWSCRAWL_DB", None)  # the option --db has it
    return found


def without_site_delays(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the settings without the delays of single hosts: the command line gave one."""
    from scrapy.settings import BaseSettings

    sites = BaseSettings(settings).getdict("NEWSCRAWL_SITES")
    kept = {
        host: {key: value for key, value in each.items() if key != "delay"}
        for host, each in sites.items()
    }
    return {**settings, "NEWSCRAWL_SITES": kept}


def read_for(ctx: click.Context, named: str | None) -> None:
    """Read the settings for a command line; where the archive is becomes the options' default.

    :raises click.UsageError: they cannot be used.
    """
    try:
        ctx.obj = read_settings(named)
    except BadSettings as error:
        raise click.UsageError(safe_line(f"{error}.")) from None
    db, urls = (ctx.obj.values.get(f"NEWSCRAWL_{name}") for name in ("DB", "ALERT_URLS_FILE"))
    ctx.default_map = _Defaults(db, urls)


class _Defaults(dict[str, Any]):
    """Defaults of options by name, which click asks for those of a command by :meth:`get`."""

    def __init__(self, db: Any, urls: Any) -> None:
        super().__init__({"db": db} if db else {})
        self._urls = urls

    def get(self, name: str, default: Any = None) -> Any:
        """Return the defaults of the command *name*."""
        if name == "demo":  # sample articles must never slip into the real archive
            return {}
        if name == "alert" and self._urls:  # the --urls of other commands are of articles
            return {**self, "urls": self._urls}
        return self


def run_settings(found: Configured) -> dict[str, Any]:
    """Return the settings for a run, as Scrapy takes them.

    :raises BadSettings: one has an invalid value.
    """
    from newscrawl.cli.overrides import wrong

    for name, value in found.values.items():
        source = found.sources[name]
        text = value if isinstance(value, str) else json.dumps(value)
        given = text
        if isinstance(value, list) and all(isinstance(each, int | float) for each in value):
            given = ",".join(map(str, value))  # as -s takes it
        is_typed = source == ENVIRONMENT or _is_same_type(name, value)
        if (problem := wrong(name, given)) or not is_typed:
            where = name if source == ENVIRONMENT else f"{source}: {name}"
            raise BadSettings(f"{where} is {text}: {problem or 'it is of another type'}")
    return {
        name: value.upper() if name.endswith("LOG_LEVEL") else value
        for name, value in found.values.items()
    }


def _is_same_type(name: str, value: Any) -> bool:
    """Whether a value of TOML is of the type of the setting's default."""
    from scrapy.settings import default_settings

    from newscrawl import settings

    default = getattr(settings, name, getattr(default_settings, name, None))
    match default:
        case bool():
            return isinstance(value, bool)
        case int() | float():
            return isinstance(value, int | float) and not isinstance(value, bool)
        case str():
            return isinstance(value, str)
        case list() | tuple():
            return isinstance(value, list)
        case _:
            return True
