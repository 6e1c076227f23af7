"""A server that answers with raw bytes, pauses and hang-ups: no real one can misbehave so.

What it does at an address is an :data:`Answer`: a function of what was asked that yields steps.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Self


class Last(Enum):
    """How a connection goes on after an answer; without one of these it is closed."""

    KEEP = auto()
    """It waits for the next request."""
    RESET = auto()
    """It is reset: what was not yet read may be lost."""
    HANG = auto()
    """Nothing more comes, and it stays open until the client has gone."""


Step = bytes | float | Last
"""Bytes to send, seconds to wait, or how it ends."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What an answer is made of."""

    url: str
    """The server's, with a slash at its end."""
    path: str
    """As asked, with its query."""
    body: bytes
    """What an honest server would send."""
    other: str
    """The path of another article, which is served well."""
    other_body: bytes
    """Its page."""
    canary: str
    """A server on another port, which must not be requested."""
    time: int
    """How often it was asked before."""


Answer = Callable[[Asked], Iterable[Step]]


class Hostile:
    """A server on loopback, in a thread of its own, until ``close()``; a context manager."""

    def __init__(self, answer: Callable[[str, int], Iterable[Step]]) -> None:
        """Answer each path as *answer* says, given how often it was asked before."""
        self.asked: list[tuple[str, Mapping[str, str]]] = []
        """Path and headers (names in small letters) of each request, in order."""
        self.errors: list[Exception] = []
        """What was raised where an answer was made: it would pass for a hang-up."""
        self._answer = answer
        self._times: dict[str, int] = {}
        self._loop = asyncio.new_event_loop()
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/"
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._run(),))
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop, and drop every connection."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._loop.close()

    async def _run(self) -> None:
        server = await asyncio.start_server(self._serve, sock=self._socket)
        await self._stop.wait()
        server.close()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._answer_one(reader, writer) is Last.KEEP:
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client has gone, or the test is over
        except Exception as error:
            self.errors.append(error)
        finally:
            writer.close()

    async def _answer_one(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Last | None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *fields = head.split("\r\n")
        path = line.split(" ")[1]
        headers = {name.lower(): value for name, _, value in (f.partition(": ") for f in fields)}
        self.asked.append((path, headers))
        time = self._times.get(path, 0)
        self._times[path] = time + 1
        for step in self._answer(path, time):
            match step:
                case bytes():
                    writer.write(step)
                    await writer.drain()
                case Last.KEEP:
                    return step
                case Last.RESET:
                    sock = writer.get_extra_info("socket")
                    # On, for no time: closing sends a reset.
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    writer.transport.abort()
                    return step
                case Last.HANG:
                    await reader.read()
                    return step
                case _:
                    await asyncio.sleep(step)
        return None
