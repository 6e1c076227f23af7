"""The group of all commands, and what they have in common.

Each command is a module of this package with its name, which defines ``NAME_command``. To add one,
write the module and add its name to :data:`COMMANDS`. Modules import Scrapy only inside the
commands that run it, so that the others start fast.
"""

from __future__ import annotations

import errno
import importlib
import os
import sys
from typing import Any

import click

from newscrawl._version import __version__
from newscrawl.cli.configured import read_for
from newscrawl.cli.output import drop_rest, safe, say
from newscrawl.runs.outcome import Exit
from newscrawl.store import open_files
from newscrawl.store.errors import AlreadyRunning, StoreError
from newscrawl.text.passwords import without_passwords

COMMANDS = (
    "crawl", "demo", "list", "search", "show", "diff", "watch", "alert", "export", "plot", "serve",
    "mcp", "info", "status", "audit", "doctor", "verify", "backup", "restore", "reextract",
    "retry-rejected", "prune", "config", "completion",
)  # fmt: skip
"""In the order in which ``--help`` shows them."""


class StoreTrouble(click.ClickException):
    """The archive cannot be read or written; the message says why."""

    exit_code = Exit.STORE


class Busy(click.ClickException):
    """Another run is writing the archive; the message says which."""

    exit_code = Exit.BUSY


class Commands(click.Group):
    """The commands, each imported on first use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import a command; None where there is none of that name."""
        if name not in COMMANDS:
            return None
        word = name.replace("-", "_")
        module = importlib.import_module(f"newscrawl.cli.{word}")
        command: click.Command = getattr(module, f"{word}_command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that *args* begin with; list all commands if there is no such one."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches  # rarely needed

            near = get_close_matches(args[0], COMMANDS, n=1)
            meant = f" (did you mean {near[0]}?)" if near else ""
            ctx.fail(f"Unknown command {args[0]!r}{meant}; choose from {', '.join(COMMANDS)}.")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what can be wrong with an archive is a sentence and an exit code."""
        try:
            return super().invoke(ctx)
        except AlreadyRunning as error:
            raise Busy(safe(str(error))) from error
        except StoreError as error:
            raise StoreTrouble(safe(str(error))) from error
        except KeyboardInterrupt:
            ctx.exit(Exit.INTERRUPTED)
        except click.ClickException as error:
            # It may quote the name of a file, or an archive.
            error.message = safe(without_passwords(error.message))  # type: ignore[misc]  # click marks it final
            raise
        except MemoryError:
            raise StoreTrouble(
                "There is not enough memory for that. Values of an archive that newscrawl made are "
                "small: `newscrawl verify` says whether this one is damaged."
            ) from None
        except BrokenPipeError:
            ctx.exit(_nobody_reads())
        except OSError as error:
            if error.errno in open_files.NUMBERS:
                raise StoreTrouble(f"{open_files.too_many_open_files()}.") from error
            if error.errno not in (errno.ENOSPC, errno.EBADF):
                raise
            raise click.ClickException(
                f"Could not write to standard output: {error.strerror}."
            ) from error


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="\b\nExample:\n  newscrawl demo",
)
@click.version_option(__version__, message="%(prog)s %(version)s")
@click.option(
    "--config", metavar="FILE", envvar="NEWSCRAWL_CONFIG", show_envvar=True,
    help="The settings file; default: newscrawl/newscrawl.toml in your configuration folder. "
    "`newscrawl config` prints one.",
)  # fmt: skip
@click.pass_context
def commands(ctx: click.Context, config: str | None) -> None:
    """Keep a complete, exact and searchable archive of a news feed in one SQLite file."""
    read_for(ctx, config)
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        ctx.color = False


def main() -> None:
    """Run ``newscrawl`` and exit with its code: the console script."""
    _open_closed_streams()
    _use_utf8()
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show Chinese shows escapes, not a traceback.
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    sys.exit(_after_flush(_code()))


def _code() -> int:
    """Run the command line; return the exit code, whether or not an error can be printed."""
    try:
        code = commands.main(prog_name="newscrawl", standalone_mode=False)
    except click.ClickException as error:
        try:
            error.show()
        except OSError:  # the disk of a log is full
            drop_rest(sys.stderr)
        return error.exit_code
    except click.Abort:
        say("Aborted!")
        return Exit.CRASHED
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else Exit.CRASHED
    return code if isinstance(code, int) else Exit.OK


def _open_closed_streams() -> None:
    """Open the standard streams that were closed (``>&-``): files would get their numbers.

    Standard output is opened such that writing to it fails, as it would have.
    """
    for number, name, flags in (
        (0, "stdin", os.O_WRONLY), (1, "stdout", os.O_RDONLY), (2, "stderr", os.O_WRONLY),
    ):  # fmt: skip
        if getattr(sys, name) is None:
            os.open(os.devnull, flags)  # takes the lowest free number, which is this one
            os.set_inheritable(number, True)
            stream = open(number, "w" if number else "r", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)


def _use_utf8() -> None:
    """Start again in Python's UTF-8 mode where the locale has names of files in another encoding.

    SQLite, and settings that name files, take UTF-8 alone. What is printed stays in the locale's
    encoding, which the terminal shows; ``--json`` is UTF-8.
    """
    if sys.flags.utf8_mode or sys.getfilesystemencoding() == "utf-8":
        return
    os.environ["PYTHONUTF8"] = "1"  # for the runs of --every
    os.environ.setdefault("PYTHONIOENCODING", f"{sys.stdout.encoding}:backslashreplace")
    # With -E and -I, Python reads no variables: without the option it would start for ever.
    words = [sys.orig_argv[0], "-X", "utf8", *sys.orig_argv[1:]]
    os.execv(sys.executable, words)  # noqa: S606  the same command line, without a shell


def _after_flush(code: int) -> int:
    """Flush standard output, and return the code to exit with."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        return _nobody_reads()
    except OSError:
        return _nobody_reads() or code or Exit.CRASHED  # the disk is full
    return code


def _nobody_reads() -> Exit:
    """Drop what is still to be printed: who closed the pipe (``| head``) has all it wanted."""
    drop_rest(sys.stdout)
    return Exit.OK
