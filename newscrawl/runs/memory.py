"""Ends a run that uses too much memory: Scrapy's extension, measuring only this process."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from scrapy.extensions import memusage

STATM = Path("/proc/self/statm")
"""On Linux: how much memory a process uses now, in pages."""


class MemoryUsage(memusage.MemoryUsage):
    """Scrapy's MemoryUsage, with its settings and stats, without the memory of parent processes.

    Scrapy reads ``ru_maxrss``, which Linux passes on over fork and exec: started by a process of
    2 GB, every crawl would be over the limit before its first request.
    """

    def get_virtual_size(self) -> int:
        """Return the bytes of memory that this process uses now; its peak if not on Linux.

        Elsewhere (macOS) the peak is reset for each program.
        """
        with suppress(OSError):
            resident = int(STATM.read_text(encoding="ascii").split()[1])
            return resident * os.sysconf("SC_PAGE_SIZE")
        return int(super().get_virtual_size())
