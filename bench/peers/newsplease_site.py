"""Runs news-please's own crawler over a site; it writes JSON files into a folder.

    python newsplease_site.py URL FOLDER

Its configuration is the one that it brings, but for the site, the folder, names of files without
the time (so that a second run finds them), and the crawler: this site has no sitemap.
"""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

CHANGES = {
    "working_path = ": "working_path = {work}/",
    "default = ": "default = RecursiveCrawler",
    "local_data_directory = ": (
        "local_data_directory = %working_path/data/"
        "%appendmd5_url_directory_string(60)_%appendmd5_max_url_file_name.html"
    ),
}


def main(url, work):
    package = Path(find_spec("newsplease").origin).parent
    folder = Path(work, "config")
    folder.mkdir(exist_ok=True)
    lines = (package / "config" / "config.cfg").read_text(encoding="utf-8").splitlines()
    for start, changed in CHANGES.items():
        lines = [changed.format(work=work) if each.startswith(start) else each for each in lines]
    (folder / "config.cfg").write_text("\n".join(lines), encoding="utf-8")
    sites = {"base_urls": [{"url": url}]}
    (folder / "sitelist.hjson").write_text(json.dumps(sites), encoding="utf-8")
    words = [sys.executable, "-m", "newsplease", "-c", str(folder)]
    return subprocess.run(words, cwd=work, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
