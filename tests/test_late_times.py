"""Which times of the mirror's pages are eight hours late, and which are right."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from newscrawl.sites.finews.late_times import REASON, REASON_OF_NOTICE, late_reason

EARLY = "NW202112082206736335"
"""Of an article that was published at 10:39:43 on the morning before the offsets."""
DATE = re.compile(r"^date: +([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8})( \+0800)?$", re.MULTILINE)


@pytest.mark.parametrize(
    ("article_id", "printed", "reason"),
    [
        (EARLY, "(GMT+8, Asia/Shanghai, CST) 2021-12-08 18:39:43", REASON),
        (EARLY, "[GMT+8, Asia/Shanghai, CST] 2021-12-08 18:39:43 ", REASON),
        (EARLY, "2021-12-08T18:39:43+08:00", REASON),
        (EARLY, "2021-12-08T10:39:43Z", REASON),
        (EARLY, "2021-12-08 10:39:43", None),
        (EARLY, "2021-12-08 17:20:00", None),  # 09:20 would be before the id was given
        (EARLY, "2021-12-08 23:30:00", None),  # nor does 15:30 belong to this id
        (EARLY, "2021-12-09 18:39:43", None),
        (EARLY, "18:39", None),  # without a day nothing is certain
        (EARLY, "", None),
        ("NW202112082206950487", "2021-12-08 21:06:58", REASON),
        ("NW202112082206950487", "2021-12-08 13:06:58", None),
        ("NW202112082206978381", "2021-12-08 21:23:51", None),  # each post from here on has one
        ("NW202112092206736335", "2021-12-09 18:39:43", None),
        ("NW202205302396671645", "2022-05-30 22:00:29", None),
        ("finews:init", "2021-12-01 21:33:50", REASON_OF_NOTICE),
        ("finews:init", "2022-03-01 21:33:50", None),
        ("CFH20211208184000000000", "2021-12-08 18:39:43", None),
        ("AN202112061532800000", "2021-12-06 18:39:43", None),
    ],
)
def test_what_the_id_shows(article_id: str, printed: str, reason: str | None) -> None:
    assert late_reason(article_id, printed) == reason


def test_every_real_post(finews: Path) -> None:
    """The site's build takes a time without offset for UTC, and shows it in China's."""
    wrong, late, right = [], 0, 0
    for file in sorted(finews.rglob("*.md")):
        if not (found := DATE.search(file.read_text("utf-8")[:1000])):
            continue
        said = datetime.fromisoformat(found[1])
        printed = said if found[2] else said + timedelta(hours=8)
        stem = file.stem[11:]
        article_id = f"NW{stem.removeprefix('NW')}" if stem != "init" else "finews:init"
        late += not found[2]
        right += bool(found[2])
        if bool(late_reason(article_id, f"{printed:%Y-%m-%d %H:%M:%S}")) == bool(found[2]):
            wrong.append(file)
    assert wrong == []
    assert late >= 29
    assert right >= 37
