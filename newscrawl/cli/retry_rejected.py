"""``newscrawl retry-rejected``: read rejected pages again, with the rules of this version."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from newscrawl.cli.options import TEXT, db_option, example, json_option, reading
from newscrawl.cli.output import number, safe_line, say, to_json
from newscrawl.cli.writing import progress, writing

if TYPE_CHECKING:
    from newscrawl.runs.retry_rejected import Retried


@click.command("retry-rejected", epilog=example("newscrawl retry-rejected --reason cut_off"))
@db_option()
@click.option(
    "--reason",
    "reasons",
    type=TEXT,
    metavar="WORD",
    multiple=True,
    help="Only pages rejected for this reason, for example not_a_post; repeatable.",
)
@click.option(
    "--accept",
    "ids",
    type=int,
    metavar="ID",
    multiple=True,
    help="Accept the content of a suspicious page; repeatable. "
    "`--reason suspicious` lists the IDs.",
)
@json_option
def retry_rejected_command(
    db: str, reasons: tuple[str, ...], ids: tuple[int, ...], as_json: bool
) -> None:
    """Retry rejected pages with the rules of this version.

    Nothing is fetched: their bytes are in the archive. A page that gives an article now is
    stored and is no longer a rejected page. Suspicious pages are kept unless they are accepted.
    """
    from newscrawl.sites import REASONS

    for reason in reasons:
        if reason not in REASONS:
            raise click.UsageError(
                f"No page is rejected for {safe_line(reason)!r}; the reasons are "
                f"{', '.join(REASONS)}."
            )
    if ids and reasons:
        raise click.UsageError("--accept and --reason cannot be used together.")
    if reasons == ("suspicious",):
        _list(db, as_json)
        return
    found = _accept(db, ids) if ids else _retry(db, reasons)
    if as_json:
        click.echo(to_json(asdict(found)))
        return
    pages = number(found.stored if ids else found.tried, "page", "pages")
    if ids:
        click.echo(f"{pages} accepted")
        for each in found.errors:
            say(f"stays as it is: {safe_line(each)}")
        return
    click.echo(f"{pages} read again: {found.stored} stored, {found.remain} still rejected")
    if found.untried:
        click.echo(
            f"{found.untried} more cannot be retried: they have no bytes, are not a single "
            "article, or are another article than the requested one"
        )
    if found.overtaken:
        were = number(found.overtaken, "page was", "pages were")
        click.echo(f"{were} seen since to say something else: what is stored stays as it is")
    for each in found.errors:
        say(f"bug: {safe_line(each)}")


def _list(db: str, as_json: bool) -> None:
    from newscrawl.store.rejects import suspicious_rejects

    with reading(db) as connection:
        found = suspicious_rejects(connection)
    if as_json:
        click.echo(
            to_json([dict(zip(("id", "url", "detail"), each, strict=True)) for each in found])
        )
        return
    for number_, url, detail in found:
        click.echo(f"{number_}\t{safe_line(url)}\t{safe_line(detail)}")
    pages = number(len(found), "page is suspicious", "pages are suspicious")
    say(f"{pages}. --accept ID takes in what one shows.")


def _accept(db: str, ids: tuple[int, ...]) -> Retried:
    from newscrawl.runs.retry_rejected import accept
    from newscrawl.store.rejects import suspicious_rejects

    with reading(db) as connection:
        there = {each[0] for each in suspicious_rejects(connection)}
    if wrong := [str(each) for each in ids if each not in there]:
        raise click.UsageError(
            f"No suspicious page has the id {', '.join(wrong)}; `--reason suspicious` lists them."
        )
    with writing(db, "retry-rejected", {"accept": ",".join(map(str, ids))}) as writer:
        found = accept(writer, dict.fromkeys(ids))
        done = f"{found.stored} of {found.tried} suspicious pages accepted"
        writer.end(outcome="ok", exit_code=0, reason=done)
    return found


def _retry(db: str, reasons: tuple[str, ...]) -> Retried:
    from newscrawl.runs.retry_rejected import retry
    from newscrawl.store.rejects import ids_to_retry

    asked = {"reason": ",".join(reasons)} if reasons else {}
    with writing(db, "retry-rejected", asked) as writer:
        with progress("reading", len(ids_to_retry(writer.connection, reasons))) as each:
            found = retry(writer, reasons, each=each)
        done = f"{found.stored} of {found.tried} rejected pages give an article now"
        writer.end(outcome="ok", exit_code=0, reason=done)
    return found
