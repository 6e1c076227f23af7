"""Says what is wrong with how an archive is kept, for a health check."""

from __future__ import annotations

from datetime import timedelta

from newscrawl.archive.status import DUE_SOON, Status
from newscrawl.store.stored_times import is_future
from newscrawl.store.values import moment
from newscrawl.text.china_time import in_china

DAY = 86_400


def problems(found: Status, *, seconds: int, days: int) -> list[str]:
    """Return what is wrong, a sentence each; nothing where all is well.

    The last successful run must have ended, and no gap been noticed, within *seconds*; and each
    listing must have a quarter of the *days* that the site shows posts before it may drop one. A
    gap that a clock which was ahead has noticed in the future is told when that time has come.
    """
    now = moment(found.now)
    since = now - timedelta(seconds=seconds)
    said = []
    if found.last_good_run_at is None:
        said.append("no run has ended with ok")
    elif moment(found.last_good_run_at) < since:
        said.append(
            f"the last run that was ok ended at {in_china(found.last_good_run_at)} (China time)"
        )
    said += [
        f"the {each.kind} {each.name} may have lost articles from {in_china(each.from_at)} to "
        f"{in_china(each.until_at)} (China time)"
        for each in found.gaps
        if moment(each.noticed_at) >= since and not is_future(each.noticed_at, found.now)
    ]
    said += [
        f"the {each.kind} {each.name} may drop unseen articles from {in_china(each.forgets_at)} on"
        for each in found.listings
        if each.seconds_left is not None and each.seconds_left < DUE_SOON * days * DAY
    ]
    return said
