"""Reads the body of an article, Eastmoney's markup without furniture, as safe HTML and as text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

import nh3
from lxml import etree

from newscrawl.items import BodyRank, Mention, Origin
from newscrawl.loaders import ArticleLoader, Rule, text_of
from newscrawl.sites.eastmoney import adverts, securities
from newscrawl.sites.eastmoney.source_line import cut_source, source_element
from newscrawl.sites.errors import Unreadable
from newscrawl.sites.html import drop, parse_html, sanitize_tree
from newscrawl.text.sanitize import squeeze, strip_controls


def _words(words: str) -> frozenset[str]:
    return frozenset(words.split())


_BLOCKS = _words(
    "address article aside blockquote body center caption dd div dl dt fieldset figcaption figure"
    " footer form h1 h2 h3 h4 h5 h6 header hr html li main nav ol p pre section table tbody tfoot"
    " thead tr ul"
)
_CELLS = frozenset(("td", "th"))
_INLINES = _words(
    "a abbr b big br cite code del em font i img ins mark q s small span strike strong sub sup"
    " tt u wbr col colgroup"
)
_KNOWN_TAGS = _BLOCKS | _CELLS | _INLINES
_LINE_TAGS = _BLOCKS | {"br"}
_EVENTS = ("start", "end", "comment", "pi")
# Never text of an article, whatever they hold.
_JUNK_TAGS = _words("script style iframe link meta base object embed applet template")
# With the paragraph that they stand in.
_JUNK_LINK_CLASSES = frozenset(("toplink",))
_FURNITURE_CLASSES = {
    "EmImageRemark": "mark",  # the link around a chart
    "abstract": "other",
    **dict.fromkeys((*adverts.ADVERT_CLASSES, *_JUNK_LINK_CLASSES), "advert"),
}
_PROMOTION_LENGTH, _PROMOTION_TAGS = 120, 50
MAX_FURNITURE = 1000
"""Parts of a body that are not text, comments too: removing one joins the text around it, however
long. A review with 200 K-lines has 800."""
MAX_COLUMNS = 100
"""Columns up to which a wide cell is given empty ones."""
MAX_ESCAPES = 100_000
"""``&amp;`` and the like in a body: for each the cleaner goes through the text before it."""
_KNOWN_CLASSES = frozenset(("em_media", "keytip", "infokey", "em_stock_key_common"))
_ENTITY_CLASSES = frozenset(("keytip", "infokey", "em_stock_key_common"))
_ENTITY_ID = re.compile(r"(?:stock|bk|quote|bkquote)_[\w.]+|Info\.[\w.]+")
_EMPTY_ID = re.compile(r"(?:bk)?quote_")
_KNOWN_COMMENTS = re.compile(r"\s*(?:EM_StockImg_(?:Start|End)|文章主体|comBodyEnd)\s*")
HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
K_LINE_SRC = re.compile(r"webquoteklinepic|/GetPic\.aspx", re.IGNORECASE)

_ATTRIBUTES: dict[str, set[str]] = {
    "*": set(),  # else the cleaner allows lang and title everywhere
    "a": {"href", "data-code"},
    "span": {"href", "data-code", "id"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
_CLASSES: dict[str, set[str]] = {
    "p": {"em_media"},
    "a": {"keytip", "infokey"},
    "span": {"em_stock_key_common"},
}
# What the cleaner keeps of a tag. The rest goes before it: libxml2 takes names like " and =, and
# written out they hide the text behind them; and <font> is opened again in every block that ends
# it, of equal ones three at most, so with attributes a page could grow a thousandfold.
KEPT = {
    tag: frozenset(_ATTRIBUTES.get(tag, ())) | frozenset(("class",) if tag in _CLASSES else ())
    for tag in {*_ATTRIBUTES, *_CLASSES}
}
_SAFE_TAGS = set(_KNOWN_TAGS - {"html", "body", "form", "fieldset", "main", "nav"})
# Built once: it is a third of what cleaning a short body costs.
_CLEANER = nh3.Cleaner(
    tags=_SAFE_TAGS,
    attributes=_ATTRIBUTES,
    allowed_classes=_CLASSES,
    url_schemes={"http", "https"},
    link_rel=None,
)


@dataclass(slots=True)
class Body:
    """What a body says, in the forms that an article keeps."""

    html: str | None = None
    """Its own markup without furniture, safe to show in a browser."""
    text: str | None = None
    """One line per block or ``<br>``, a table's cells joined by tabs; no source line."""
    mentions: list[Mention] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    source: str | None = None
    """The source in （文章来源：…）, without the links that interrupt it."""
    author: str | None = None
    """The author in （文章来源：… 作者：…）."""
    rank: BodyRank | None = None
    """LINKED with any entity link (also keywords), else FULL; None without html."""
    unknown: dict[str, int] = field(default_factory=dict)
    """Constructs that no rule knows, such as ``span.hot`` or ``video``; their text is kept."""
    removed: dict[str, int] = field(default_factory=dict)
    """What was taken out, by kind: ``advert``, ``sentence`` (the site's own), ``chart``, ``hidden``
    and ``other`` (scripts, styles, the page's abstract)."""


BODY_RULES = (Rule("source", "文章来源", kind="rule"),)
"""What add_body counts, for every kind of page."""


def add_body(loader: ArticleLoader, body: Body) -> None:
    """Add all that a body says."""
    loader.put("source", "rule", "文章来源", body.source)
    loader.add_value("author", body.author)
    loader.add_value("body_html", body.html)
    loader.add_value("body_text", body.text)
    loader.add_value("body_rank", body.rank)
    loader.add_value("mentions", body.mentions)
    loader.add_value("images", body.images)
    loader.add_value("unknown", body.unknown or None)
    loader.add_value("removed", body.removed or None)


def cleaned(html: str) -> str:
    """Return markup without what no stored body has; a stored one comes back as it is."""
    return _CLEANER.clean(html)


def parse_fragment(html: str) -> etree._Element:
    """Return a ``<div>`` that holds the fragment.

    Raises Unreadable: ``too_large``, ``too_deep``.
    """
    page = parse_html(f"<html><body>{html}</body></html>")
    body = page.find("body")
    if body is None:
        return etree.Element("div")
    # The element itself: moving what it holds into another takes a fifth of the parser's time.
    page.remove(body)
    body.tag = "div"
    body.tail = None
    body.attrib.clear()  # of another <body> in the fragment
    return body


def read_html(html: str) -> Body:
    """Read a body from its markup."""
    return read_body(parse_fragment(strip_controls(html)))


def read_body(root: etree._Element) -> Body:
    """Read a body from an element that holds it and nothing else; the element is used up.

    Raises Unreadable: ``too_large``.
    """
    unknown: Counter[str] = Counter()
    sanitize_tree(root, unknown, text_of(root))
    mentions = securities.Mentions()
    removed: Counter[str] = Counter()
    linked = _tidy(root, unknown, removed, mentions)
    source_line, named = source_element(root)
    _part_blocks(root)
    html = _safe(root)
    # The source is not a subject of the article: 中国<link to the board 证券>报 mentions no board.
    # So what the source line holds counts neither as text nor as mentions.
    if source_line is not None:
        drop(source_line)
    _count_other_lines(root, unknown)
    read_lines = body_lines(root)
    if named is None or named.source is None:
        named = cut_source(read_lines) or named
    source, author = named[:2] if named else (None, None)
    text = "\n".join(read_lines)
    images = _images(root)
    if not text and not images:
        return Body(source=source, author=author, unknown=dict(unknown), removed=_counted(removed))
    mentions.add_links(root)
    return Body(
        html=html,
        text=text or None,
        mentions=mentions.all(),
        images=images,
        source=source,
        author=author,
        rank=BodyRank.LINKED if linked else BodyRank.FULL,
        unknown=dict(unknown),
        removed=_counted(removed),
    )


def _counted(removed: Counter[str]) -> dict[str, int]:
    return {kind: times for kind, times in removed.items() if times}


def _tidy(
    root: etree._Element, unknown: Counter[str], removed: Counter[str],
    mentions: securities.Mentions,
) -> bool:  # fmt: skip
    """Remove the furniture and count it, and what is unknown; tell if there were entity links.

    The charts go as well: what remains of them are mentions.
    """
    dropped = 0
    for element in [*root.iter()][1:]:
        if dropped > MAX_FURNITURE:
            raise Unreadable(
                "too_large", f"its body has more than {MAX_FURNITURE} parts that are not text"
            )
        if not isinstance(element.tag, str):
            dropped += 1
            if element.tag is etree.Comment and not _KNOWN_COMMENTS.fullmatch(element.text or ""):
                unknown[f"comment {squeeze(element.text or '')[:20]}".rstrip()] += 1
            drop(element)
        elif (element.attrib or element.tag in _JUNK_TAGS) and (kind := _furniture(element)):
            dropped += 1
            removed[kind] += kind != "mark"
            if kind == "chart" and (security := _charted(element)):
                mentions.add(*security, Origin.CHART)
            _drop_with_wrapper(element)
    removed["sentence"] += adverts.drop_own_sentences(root)
    rest = [*root.iter()][1:]
    odd = [each for each in rest if each.attrib or each.tag not in _KNOWN_TAGS]
    linked = [_note(element, unknown) for element in odd]
    return any(linked)


def _furniture(element: etree._Element) -> str | None:
    """Return which kind of furniture an element is, by its tag and attributes; None for none.

    A ``mark`` is invisible, and not counted.
    """
    get, tag = element.get, element.tag
    if tag in _JUNK_TAGS:
        return "other"
    if tag in ("a", "img") and adverts.is_advertisers(get("href" if tag == "a" else "src", "")):
        return "advert"
    if get("hidden") is not None or ((style := get("style")) and HIDDEN.search(style)):
        return "hidden"
    if tag == "img":
        return "chart" if _is_k_line(element) else None
    identity = get("id", "")
    if identity == "comBodyEnd":
        return "mark"
    if tag == "span" and _EMPTY_ID.match(identity):
        is_empty = not len(element) and not squeeze(element.text or "")
        return "mark" if is_empty else None
    classes = get("class", "").split()
    return next(filter(None, map(_FURNITURE_CLASSES.get, classes)), None)


def _is_k_line(image: etree._Element) -> bool:
    return bool(K_LINE_SRC.search(image.get("src", "")) or image.get("alt", "").startswith("K图"))


def _charted(image: etree._Element) -> tuple[str, str] | None:
    """Return the security of a chart, which it names itself, or the link or span around it."""
    around = next(image.iterancestors("a", "span"), None)
    return securities.chart_security(
        each.get(name, "")
        for each in (image, around)
        if each is not None
        for name in ("src", "alt", "data-code", "href")
    )


def _drop_with_wrapper(element: etree._Element) -> None:
    """Remove an element, and the paragraph around it that is empty then or is only its own."""
    paragraph = next(element.iterancestors("p"), None)
    if paragraph is not None and _is_promotion(paragraph, element):
        element = paragraph
    parent = element.getparent()
    drop(element)
    if parent is None or parent.getparent() is None or parent.tag not in ("p", "center", "a"):
        return
    # len(parent) would count the children each time, which is quadratic in links.
    if next(iter(parent), None) is None and not squeeze(parent.text or ""):
        _drop_with_wrapper(parent)


def _is_promotion(paragraph: etree._Element, element: etree._Element) -> bool:
    """Whether a paragraph belongs to the advertisement in it.

    A promotion is short; a paragraph of the article may hold such a link by mistake. Its elements
    are counted first: reading all of it again for each link would be quadratic.
    """
    if sum(1 for _ in islice(paragraph.iter(), _PROMOTION_TAGS)) == _PROMOTION_TAGS:
        return False
    is_marked = not _JUNK_LINK_CLASSES.isdisjoint(element.get("class", "").split())
    if not is_marked and not adverts.is_advertisers(element.get("href", "")):
        return False
    text = squeeze(text_of(paragraph))
    return len(text) <= _PROMOTION_LENGTH and (is_marked or adverts.begins_advert(text))


def _note(element: etree._Element, unknown: Counter[str]) -> bool:
    """Count what no rule knows of an element, bring it into known form; tell an entity link."""
    tag = str(element.tag)
    if tag not in _KNOWN_TAGS:
        unknown[tag] += 1
        # Its text must outlive the cleaning: some tags would take it with them.
        element.tag = "span"
        element.attrib.clear()
        return False
    classes = element.get("class", "").split()
    for name in classes:
        if name not in _KNOWN_CLASSES:
            unknown[f"{tag}.{name}"] += 1
    if identity := element.get("id"):
        if not _ENTITY_ID.fullmatch(identity):
            if tag == "span":
                unknown[f"span#{re.split('[_.0-9]', identity)[0]}"] += 1
            del element.attrib["id"]  # an id of ours could clash with the reader's page
        elif _EMPTY_ID.match(identity):
            unknown["span#quote with text"] += 1
    for name in ("href", "src"):
        if address := element.get(name):
            whole = address.strip()
            whole = f"https:{whole}" if whole.startswith("//") else whole
            if whole != address:
                element.set(name, whole)
    kept = KEPT.get(tag, frozenset())
    if not kept.issuperset(element.attrib):
        # Not one by one: lxml has no way to name an attribute {id.
        values = [(name, value) for name, value in element.attrib.items() if name in kept]
        element.attrib.clear()
        element.attrib.update(values)
    return not _ENTITY_CLASSES.isdisjoint(classes)


def _count_other_lines(root: etree._Element, unknown: Counter[str]) -> None:
    """Count the lines that are marked as a source line but do not name one."""
    if marked := sum("em_media" in p.get("class", "").split() for p in root.iter("p")):
        unknown["p.em_media without 文章来源"] += marked


def _part_blocks(root: etree._Element) -> None:
    """Put one line end between the blocks: a post's build adds some, its file has some or none."""
    if not (root.text or "").strip():
        root.text = None
    for element in root:
        if (element.tail or "").strip():
            continue
        following = element.getnext()
        if element.tag in _BLOCKS or (following is not None and following.tag in _BLOCKS):
            element.tail = "\n"


def _safe(root: etree._Element) -> str | None:
    inner = etree.tostring(root, encoding="unicode", method="html", with_tail=False)
    inner = inner[inner.index(">") + 1 : -len(f"</{root.tag}>")]
    if inner.count("&") > MAX_ESCAPES:
        raise Unreadable("too_large", f"its body has more than {MAX_ESCAPES:,} escaped characters")
    return without_empty_lines(strip_controls(_CLEANER.clean(inner))) or None


def without_empty_lines(html: str) -> str:
    """Return markup without the empty lines that furniture leaves behind."""
    # A pattern with blanks on both sides of the line end takes a minute for 100 KB of blanks.
    return "\n".join(filter(None, map(str.strip, html.split("\n"))))


def _images(root: etree._Element) -> list[str]:
    sources = (image.get("src", "") for image in root.iter("img"))
    return list(dict.fromkeys(s for s in sources if s.startswith(("http://", "https://"))))


def body_lines(root: etree._Element) -> list[str]:
    """Return the text of an element as a person reads it, line by line."""
    has_tables = next(root.iter("tr", *_CELLS), None) is not None
    return list(_lines_of_tables(root)) if has_tables else _plain_lines(root)


def _plain_lines(root: etree._Element) -> list[str]:
    """The lines of what has no tables, at half the time."""
    found: list[str] = []
    line: list[str] = []
    for event, element in etree.iterwalk(root, events=_EVENTS):
        if event == "start":
            if line and element.tag in _LINE_TAGS:
                found.append("".join(line))
                line.clear()
            if text := element.text:
                line.append(text)
            continue
        if line and event == "end" and element.tag in _BLOCKS:
            found.append("".join(line))
            line.clear()
        if (tail := element.tail) and element is not root:
            line.append(tail)
    return list(filter(None, map(squeeze, found)))


class _Row:
    """A row of a table, with an empty cell for each that a wider or higher one covers."""

    def __init__(self) -> None:
        self._cells: list[str] = []
        self._spans: dict[int, int] = {}
        """For each column, how many rows further down its cell covers."""

    def add(self, text: str, cell: etree._Element) -> None:
        """Add a cell."""
        self._cover()
        column = len(self._cells)
        wide, high = (_span(cell.get(name)) for name in ("colspan", "rowspan"))
        for each in range(column, min(column + wide, MAX_COLUMNS)):
            self._cells.append("" if each > column else text)
            self._spans[each] = high - 1
        if column >= MAX_COLUMNS and text:  # a text is never left out
            self._cells.append(text)

    def line(self, behind: str) -> str:
        """Return the row as a line, its cells joined by tabs; text behind them comes last."""
        if self._cells:
            self._cover()
        cells = [*self._cells, behind] if behind else self._cells
        text = "\t".join(cells) if any(cells) else ""
        self._cells = []
        return text

    def _cover(self) -> None:
        while self._spans.get(len(self._cells), 0) > 0:
            self._spans[len(self._cells)] -= 1
            self._cells.append("")


def _span(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and 0 < len(text) < 3 else 1


def _lines_of_tables(root: etree._Element) -> Iterator[str]:
    """Give the body's text line by line.

    It goes through the tree without recursion, since pages may nest deeper than Python allows.
    """
    line: list[str] = []
    row = _Row()
    rows = 0

    def flush() -> str:
        text = squeeze("".join(line))
        line.clear()
        return text

    for event, element in etree.iterwalk(root, events=_EVENTS):
        tag = element.tag
        if event == "start":
            if tag == "tr":
                rows += 1
            elif tag == "table" and rows == 0:
                row = _Row()
            if tag in _BLOCKS or tag == "br":
                # Inside a row a block is a space: a row is one line.
                if rows > (tag == "tr"):
                    line.append(" ")
                elif text := flush():
                    yield text
            elif tag in _CELLS and rows > 1:
                line.append(" ")
            if element.text:
                line.append(element.text)
            continue
        if event == "end":
            if tag in _CELLS and rows == 1:
                row.add(flush(), element)
            elif tag in _CELLS or (tag in _BLOCKS and rows > (tag == "tr")):
                line.append(" ")
            elif tag in _BLOCKS and (text := row.line(flush())):
                yield text
            if tag == "tr":
                rows -= 1
        if element.tail and element is not root:
            line.append(element.tail)
