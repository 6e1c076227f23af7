"""The reasons for which a page is rejected."""

from __future__ import annotations

from newscrawl.text.sanitize import strip_controls

REASONS: dict[str, str] = {
    "empty": "the page is empty",
    "charset": "its bytes cannot be decoded",
    "cut_off": "the page is truncated",
    "unclosed": "an unclosed tag, comment or script hides the rest of the page",
    "too_large": "the page is too large for its kind",
    "too_deep": "its tags are nested too deeply",
    "not_a_post": "it is another kind of page, such as a login or an error page",
    "no_id": "neither its URL nor its text has an info code",
    "unsafe_name": "its name points outside its tarball",
    "unsafe_link": "it is a symbolic link that points outside its folder",
    "wrong_id": "it is about another article than the one requested",
    "not_json": "the answer is not JSON",
    "null": "the answer is null",
    "lacks_keys": "the answer lacks required keys",
    "refused": "the API refused the request",
    "crash": "a bug in newscrawl: reading the page raised an exception",
    "nothing": "it has neither a title nor a body",
    "suspicious": "it shows something else in place of its article",
}
"""Each reason, one word, with an explanation."""
MAX_DETAIL = 500
"""Characters of a detail, which may quote the page."""


class Unreadable(Exception):
    """Raised by every reader for a page without an article; the page is rejected."""

    def __init__(self, reason: str, detail: str):
        detail = strip_controls(detail)
        if len(detail) > MAX_DETAIL:
            detail = f"{detail[: MAX_DETAIL - 1]}…"
        super().__init__(f"{REASONS[reason]}: {detail}")
        self.reason = reason
        """A key of REASONS."""
        self.detail = detail
        """What was found and what was expected, as a sentence."""
