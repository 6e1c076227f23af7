"""What a hostile or broken server may answer, and how each ends in a crawl: one row each.

``python -m misbehaviours``, in ``tests``, prints the tables for docs/misbehaviours.md.
"""

from __future__ import annotations

from misbehaviours import alone, answers, coding, http, lists, pages, redirects
from misbehaviours.making import Group

GROUPS = (
    Group("Status codes", "post_page", http.STATUSES),
    Group("Not HTTP, or invalid HTTP", "post_page", http.PROTOCOL),
    Group("Connections", "post_page", http.CONNECTIONS),
    Group("Lengths", "post_page", http.LENGTHS),
    Group("Chunks", "post_page", http.CHUNKS),
    Group("Header fields", "post_page", http.FIELDS),
    Group("Pauses", "post_page", http.PAUSES),
    Group("Pages that end before their end", "post_page", coding.CUTS),
    Group("Compression", "post_page", coding.CODINGS),
    Group("Charsets and characters", "post_page", coding.CHARSETS),
    Group("Redirects", "post_page", redirects.REDIRECTS),
    Group("Pages that are something else", "post_page", pages.OTHER_PAGES),
    Group("Markup", "post_page", pages.ODD_PAGES),
    Group("What a page says", "post_page", pages.FALSE_WORDS),
    Group("Answers of the share interface", "api_answer", answers.ANSWERS),
    Group("Public pages", "article_page", answers.PUBLIC),
    Group("Lists of articles", "listing", lists.LISTINGS),
)
"""Every misbehaviour that is met in one run."""


ALONE = {
    "The home page": alone.HOMES,
    "robots.txt": alone.ROBOTS_TXT,
    "The feed": alone.FEEDS,
}
"""Misbehaviours that are each met in a run of their own, by where they are met."""
