"""Sanitizes stored bodies again when they are read: another program may have written the file."""

from __future__ import annotations

from newscrawl.text.escape import escape_lines


def clean_body(html: str | None) -> str:
    """Return a body with nothing but what newscrawl stores of one; its own come back as they are.

    Nothing in it is carried out by a browser or a feed reader, or obeyed by a terminal.
    """
    if not html:
        return ""
    from newscrawl.sites.eastmoney.body import cleaned  # with lxml, which most readers do without

    return escape_lines(cleaned(html))
