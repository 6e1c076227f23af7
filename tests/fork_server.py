"""Runs ``newscrawl`` command lines in forks of one process, which pays for the imports once.

A program, started by test_store_faults.py with tests/fault_shim.c preloaded: a line of JSON
in, a line out. Each command runs as people start it, from :func:`newscrawl.cli.main` to its exit;
only what the shim fails is not as always.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from newscrawl.cli import main
from newscrawl.store.writer import Writer


def run(request: dict[str, Any], report: Callable[[dict[str, Any]], None]) -> int:
    """Run a command line with its fault armed; return its exit code. Called in a fork."""
    shim = ctypes.CDLL(None)
    shim.fault_hit.restype = shim.fault_trace.restype = ctypes.c_char_p
    watch_commits(report)
    sys.argv = ["newscrawl", *request["words"]]
    shim.fault_arm(os.fsencode(request["path"]), *request["fault"])
    try:
        main()
    except SystemExit as end:
        code = 0 if end.code is None else int(end.code)
    finally:
        report({"calls": shim.fault_trace().decode(), "hit": shim.fault_hit().decode()})
        report({"imported": sorted(sys.modules)})
    return code


def watch_commits(report: Callable[[dict[str, Any]], None]) -> None:
    """Report what each commit that has returned says is stored."""
    commit = Writer.commit

    def reporting(self: Writer) -> None:
        commit(self)
        report({"committed": self.counters.get("new", 0) + self.counters.get("changed", 0)})

    Writer.commit = reporting  # type: ignore[method-assign]


def forked(request: dict[str, Any]) -> dict[str, Any]:
    """Do a request in a fork; return what it reported, its exit code and what it said."""
    out, said, reports = (os.memfd_create(name) for name in ("out", "said", "reports"))
    child = os.fork()
    if child == 0:
        code = 70
        try:
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(out, 1)
            os.dup2(said, 2)
            code = run(request, lambda each: _append(reports, each))
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    _, status = os.waitpid(child, 0)
    answer: dict[str, Any] = {"committed": 0, "hit": "", "calls": "", "imported": []}
    for line in _text(reports).splitlines():
        answer |= json.loads(line)
    answer |= {"exit": os.waitstatus_to_exitcode(status), "said": _text(said), "out": _text(out)}
    return answer


def _append(file: int, report: dict[str, Any]) -> None:
    os.write(file, json.dumps(report).encode() + b"\n")


def _text(file: int) -> str:
    text = os.pread(file, os.fstat(file).st_size, 0).decode(errors="replace")
    os.close(file)
    return text


def serve() -> None:
    """Answer requests until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()
    for line in sys.stdin:
        answer = forked(json.loads(line))
        for name in answer.pop("imported"):  # so that the next fork has them
            with suppress(ImportError):
                importlib.import_module(name)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
