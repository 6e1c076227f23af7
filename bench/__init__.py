"""Where every figure of the documents is made: ``python -m bench NAME``, and ``… report``.

One module is one benchmark; each writes one file of ``bench/results/``. What it is measured beside
is named in ``peers.toml`` and started by the scripts in ``peers/``.
"""
