"""Where every figure of the documents is made: ``python -m bench NAME``, and ``… report``.

One module is one benchmark; each writes one file of ``bench/results/``. What it is measured beside
is named in ``peers.toml`` and started by the scripts in ``peers/``.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))  # the sample site: tests/samplesite
