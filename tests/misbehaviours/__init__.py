"""What a hostile or broken server may answer, and how each ends in a crawl: one row each.

``python -m misbehaviours``, in ``tests``, prints the tables for docs/misbehaviours.md.
"""

from __future__ import annotations

from misbehaviours import alone, answers, coding, http, lists, pages, redirects
from misbehaviours.making import Group

GROUPS = (
    Group("Status codes", "post", http.STATUSES),
    Group("What is no HTTP, or bad HTTP", "post", http.PROTOCOL),
    Group("Connections", "post", http.CONNECTIONS),
    Group("Lengths", "post", http.LENGTHS),
    Group("Chunks", "post", http.CHUNKS),
    Group("Header fields", "post", http.FIELDS),
    Group("Pauses", "post", http.PAUSES),
    Group("Pages that end before their end", "post", coding.CUTS),
    Group("Compression", "post", coding.CODINGS),
    Group("Charsets and characters", "post", coding.CHARSETS),
    Group("Redirects", "post", redirects.REDIRECTS),
    Group("Pages that are something else", "post", pages.OTHER_PAGES),
    Group("Markup", "post", pages.ODD_PAGES),
    Group("What a page says", "post", pages.FALSE_WORDS),
    Group("Answers of the share interface", "answer", answers.ANSWERS),
    Group("Public pages", "public", answers.PUBLIC),
    Group("Lists of articles", "listing", lists.LISTINGS),
)
"""Every misbehaviour that is met in one run."""


ALONE = {
    "The home page": alone.HOMES,
    "robots.txt": alone.ROBOTS_TXT,
    "The feed": alone.FEEDS,
}
"""Misbehaviours that are each met in a run of their own, by where they are met."""
