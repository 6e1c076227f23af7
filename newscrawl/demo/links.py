"""How a body links to securities: an anchor where one is named first, a span later."""

from __future__ import annotations

from collections.abc import Iterable

from newscrawl.demo.words import INDEX, Keyword, Security, Token

QUOTE = "http://quote.eastmoney.com/unify/r/"


def first(security: Security) -> str:
    """The link on a first mention; its span's id tells the kind of security."""
    key = f"{security.market}.{security.code}"
    anchor = (
        f'<a href="{QUOTE}{key}" class="keytip" '
        f'data-code="{security.market},{security.code}">{security.name}</a>'
    )
    if security == INDEX:
        link = f'<a href="{QUOTE}{key}" class="infokey">{security.name}</a>'
        return f'<span id="Info.3259">{link}</span>'
    if security.market == "116":
        return f'<span id="Info.{key}">{anchor}</span>'
    if security.kind == "board":
        return f'<span id="bk_{key}">{anchor}</span><span id="bkquote_{key}"></span>'
    return f'<span id="stock_{key}">{anchor}</span><span id="quote_{key}"></span>'


def later(security: Security) -> str:
    """The span on a later mention: it has an href."""
    return (
        f'<span web="1" href="{QUOTE}{security.market}.{security.code}" '
        f'class="em_stock_key_common" data-code="{security.market},{security.code}">'
        f"{security.name}</span>"
    )


def linked(paragraphs: Iterable[Iterable[Token]]) -> tuple[str, list[Security]]:
    """Paragraphs with their links, and the securities linked to, in order."""
    found: dict[tuple[str, str], Security] = {}
    text = ""
    for tokens in paragraphs:
        text += "<p>"
        for token in tokens:
            if isinstance(token, Security):
                text += later(token) if token[:2] in found else first(token)
                found.setdefault(token[:2], token)
            else:
                text += token.word if isinstance(token, Keyword) else token
        text += "</p>"
    return text, list(found.values())
