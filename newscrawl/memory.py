"""Ends a run that takes too much memory: Scrapy's extension, measuring this process alone."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from scrapy.extensions.memusage import MemoryUsage

STATM = Path("/proc/self/statm")
"""Where Linux says how much memory a process has now, in pages."""


class OwnMemory(MemoryUsage):
    """Scrapy's MemoryUsage, with its settings and stats, blind to whoever started the process.

    Scrapy asks for ``ru_maxrss``, which Linux hands on over fork and exec: started by a process of
    2 GB, every crawl would be over the limit before its first request.
    """

    def get_virtual_size(self) -> int:
        """Return the bytes of memory that this process has now; elsewhere than on Linux its peak.

        Elsewhere (macOS) the peak is reset for each program.
        """
        with suppress(OSError):
            resident = int(STATM.read_text(encoding="ascii").split()[1])
            return resident * os.sysconf("SC_PAGE_SIZE")
        return int(super().get_virtual_size())
