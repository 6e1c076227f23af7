"""Fuzz what reads strangers' bytes: ``python fuzz/run.py pages --seconds 600``.

Coverage-guided, by atheris (``pip install -e '.[fuzz,test]'``). What must hold is in
tests/properties.py; the seeds are pages of the sample site with all oddities. What is found stays
in ``build/fuzz/<target>/``: the corpus, from which the next run goes on, and each input that broke
a promise, which ``python fuzz/run.py pages FILE`` runs alone.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Callable
from pathlib import Path

import atheris

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

with atheris.instrument_imports(include=["newscrawl"]):
    import fuzz_targets

MAX_LENGTH = 1 << 16
TIMEOUT = 15
"""Seconds for one input: the worst page that is read takes less (tests/test_hostile_pages.py)."""
MEMORY_MB = 1024


def _dictionary(folder: Path) -> Path:
    lines = ("".join(f"\\x{byte:02x}" for byte in word.encode()) for word in fuzz_targets.WORDS)
    path = folder / "words.dict"
    path.write_text("".join(f'"{line}"\n' for line in lines))
    return path


def _keeping(folder: Path, target: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """Return the target; it keeps what breaks a promise: libFuzzer may die before."""

    def run(data: bytes) -> None:
        try:
            target(data)
        except BaseException:
            (folder / f"broke-{hashlib.sha256(data).hexdigest()[:12]}").write_bytes(data)
            raise

    return run


def main() -> None:
    """Run one target until its time is over or an input breaks a promise."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("target", choices=fuzz_targets.TARGETS)
    parser.add_argument("inputs", nargs="*", help="files to run alone")
    parser.add_argument("--seconds", type=int, default=600)
    asked = parser.parse_args()
    folder = ROOT / "build" / "fuzz" / asked.target
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    options = [f"-timeout={TIMEOUT}", f"-rss_limit_mb={MEMORY_MB}", f"-artifact_prefix={folder}/"]
    if not asked.inputs:
        for number, seed in enumerate(dict.fromkeys(fuzz_targets.seeds(asked.target))):
            (corpus / f"seed-{number:03}").write_bytes(seed)
        options += [
            f"-max_total_time={asked.seconds}", f"-max_len={MAX_LENGTH}",
            f"-dict={_dictionary(folder)}", str(corpus),
        ]  # fmt: skip
    target = _keeping(folder, fuzz_targets.TARGETS[asked.target])
    atheris.Setup([sys.argv[0], *options, *asked.inputs], target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
