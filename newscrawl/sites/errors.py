"""Why a page gives no article."""

from __future__ import annotations

from newscrawl.text.sanitize import strip_controls

REASONS: dict[str, str] = {
    "empty": "the page has no text at all",
    "charset": "its bytes are no text in any charset that it may have",
    "cut_off": "the page ends before its end",
    "unclosed": "a tag, comment or script that never ends hides the rest of the page",
    "too_large": "it is larger than any page of its kind",
    "too_deep": "its tags are nested deeper than can be read",
    "not_a_post": "it is of another kind, such as a login or an error page",
    "no_id": "neither its address nor its text has an article's id",
    "unsafe_name": "its name leads out of its archive",
    "unsafe_link": "it is a symbolic link that leads out of its folder",
    "wrong_id": "it tells of another article than the one asked for",
    "not_json": "the answer is not JSON",
    "null": "the answer is null",
    "lacks_keys": "the answer lacks what it should hold",
    "refused": "the interface refuses the request",
    "crash": "reading it raised an error of newscrawl's own: a bug",
    "nothing": "it has neither a title nor a body",
    "suspicious": "it shows something in the place of its article",
}
"""Each reason, one word, with the sentence that explains it."""
MAX_DETAIL = 500
"""Characters of a detail: it is for a person, and quotes what strangers wrote."""


class Unreadable(Exception):
    """Raised by every reader of a page that gives no article; the page becomes a reject."""

    def __init__(self, reason: str, detail: str):
        detail = strip_controls(detail)
        if len(detail) > MAX_DETAIL:
            detail = f"{detail[: MAX_DETAIL - 1]}…"
        super().__init__(f"{REASONS[reason]}: {detail}")
        self.reason = reason
        """A key of REASONS."""
        self.detail = detail
        """What was found and what was expected, a sentence for a person."""
