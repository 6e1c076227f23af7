"""The sample site: a site whose every page is a pure function of its options and the address."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from heapq import heappush, heapreplace
from pathlib import Path
from urllib.parse import parse_qs, unquote

from newscrawl.demo import layout
from newscrawl.demo.server import HTML, Response, text_response
from samplesite import answers, lists, render
from samplesite.article import article, local, post_of, title_of
from samplesite.plan import EMNEWS, LATE, SITENEWS, Plan
from samplesite.posts import files_of
from samplesite.truth import Truth

POST = re.compile(r"/\d{4}/\d\d/\d\d/(?:\d{4}-\d\d-\d\d-)?([^/]+)\.html$")
OLD_POST = re.compile(r"/old_post/\d{4}-\d\d-\d\d-([^/]+)\.html$")
PUBLIC = re.compile(r"/(?:a/|news/\d+,)(\d{17,18})\.html$")


@dataclass(frozen=True)
class Site(Plan):
    """A site of synthetic articles: see :class:`Plan` for its options.

    It keeps nothing but tables of fixed size: any article and page is made when asked for. A
    category page costs one title per member, and memory for its own list; every other page costs
    the articles on it.
    """

    def article(self, number: int) -> Truth:
        """What is true of an article: always the same. Raises IndexError beyond the last."""
        return article(self, number)

    def truths(self) -> Iterator[Truth]:
        """The articles that the mirror shows, the oldest number first, one at a time."""
        return map(self.article, filter(self.is_shown, self.shown))

    def edited(self, number: int, version: int) -> Site:
        """The site after an article was edited in place so often.

        An odd version has another title, an even one a paragraph (or digest sentence) more.
        """
        return replace(self, edits={**self.edits, number: version})

    def showing(self, start: int, stop: int) -> Site:
        """The site while it shows only these articles: later ones are to come, earlier ones gone.

        The share interface and public pages still have those before ``start``.
        """
        return replace(self, window=(start, stop))

    def pages(self, truth: Truth) -> Iterator[tuple[str, bytes]]:
        """The mirror's pages of an article: path and bytes."""
        for post in truth.posts:
            yield post.path, render.post_page(truth, post).encode()

    def posts(self) -> Iterator[tuple[str, bytes]]:
        """The post files of all shown articles: path in the repository (``_posts/…``), bytes."""
        for truth in self.truths():
            yield from files_of(truth)

    def respond(self, address: str) -> Response:
        """The answer to a path with its query; unknown ones get the 404 page."""
        raw, _, query = address.partition("?")
        path = unquote(raw)
        match path:
            case "/" | "/index.html":
                return text_response(self.home())
            case "/emnews":
                return Response(301, b"", {"Location": "/emnews/", "Content-Type": HTML})
            case "/emnews/" | "/emnews/index.html":
                return text_response(render.emnews_page(EMNEWS.name, self.items(EMNEWS.slug)))
            case "/404.html":
                return text_response(layout.missing_page())
            case "/feed.xml":
                return text_response(self.feed(), "application/xml; charset=utf-8")
            case "/robots.txt":
                rule = "Disallow: /" if self.robots == "deny" else "Disallow:"
                return text_response(f"User-agent: *\n{rule}\n", "text/plain; charset=utf-8")
            case "/html_News/NewsShare.html":
                return text_response(answers.SHELL)
            case "/NewsData/GetNewsText.do":
                truth = self.upstream(parse_qs(query).get("id", [""])[0])
                text = answers.answer(truth)
                kind = HTML if text.startswith("<") else "application/json; charset=utf-8"
                return text_response(text, kind)
        if listed := lists.respond(self, address):
            return listed
        found = self.category(path) or self.post(path) or self.public(path)
        return text_response(found) if found else text_response(layout.missing_page(), status=404)

    def upstream(self, info_code: str) -> Truth | None:
        """The article of an infoCode or its digits, as long as it was published by now."""
        number = self.find(info_code) if info_code[-1:].isdigit() else None
        known = number is not None and number < (self.window or (0, self.articles))[1]
        return self.article(number) if known and number is not None else None

    def post(self, path: str) -> str | None:
        """The page of a post, None if there is none at the path."""
        found = OLD_POST.match(path) or POST.search(path)
        number = self.find(found[1]) if found else None
        if number is None or not self.is_shown(number):
            return None
        truth = self.article(number)
        pages = (render.post_page(truth, post) for post in truth.posts if post.path == path)
        return next(pages, None)

    def public(self, path: str) -> str | None:
        """The public page of an article, None if there is none at the path."""
        found = PUBLIC.match(path)
        truth = self.upstream(found[1]) if found else None
        return answers.public_page(truth) if truth else None

    def category(self, path: str) -> str | None:
        """A category page, None if there is none at the path: it exists while it has posts.

        A category with a space has a page that lists nothing: Jekyll split it in two.
        """
        slug = path.removeprefix("/category/").removesuffix(".html")
        shelf = self.category_pages.get(slug)
        if shelf is None or path != f"/category/{slug}.html":
            return None
        items = self.items(slug)
        heading = shelf.label if items else ""
        if not items:
            places = [
                (place, post)
                for place, kind in enumerate(self.kinds)
                for post, each in enumerate(kind.shelves)
                if each.slug == slug and kind.listed
            ]
            if next(self.members(places), None) is None:
                return None
        labels = [each.label for each in self.category_pages.values()]
        shifted = labels[labels.index(shelf.label) - 1]
        wrong = "shifted_titles" in self.oddities and slug not in (EMNEWS.slug, SITENEWS.slug)
        return layout.category_page(slug, shifted if wrong else shelf.label, heading, items)

    def items(self, slug: str) -> list[layout.Item]:
        """All shown posts of a category, by the time that their pages show, newest first."""
        members = list(self.members(self.by_category.get(slug, [])))
        members.sort(key=lambda each: (self.page_second(*each), each), reverse=True)
        return [self.item(number, post) for number, post in members]

    def item(self, number: int, post: int) -> layout.Item:
        """A post's path and title, without writing its body."""
        return layout.Item(post_of(self, number, post).path, title_of(self, number))

    def newest(self, members: Iterable[tuple[int, int]], count: int) -> list[tuple[int, int]]:
        """The posts with the latest pages, of members that come with falling numbers."""
        heap: list[tuple[int, tuple[int, int]]] = []
        for number, post in members:
            entry = (self.page_second(number, post), (number, post))
            if len(heap) < count:
                heappush(heap, entry)
            elif entry > heap[0]:
                heapreplace(heap, entry)
            elif self.kind(number).oddity != "old_id" and entry[0] + LATE < heap[0][0]:
                break  # times fall with the numbers, but for eight hours and old ids
        return [member for _, member in sorted(heap, reverse=True)]

    def home(self) -> str:
        """The home page."""
        groups = []
        for tag, places in sorted(self.by_tag.items(), key=lambda each: each[1][0]):
            members = self.newest(self.members(places), 5)
            if members:
                groups.append((tag, [self.item(*member) for member in members]))
        return layout.home_page(groups)

    def feed(self) -> str:
        """The feed of the ten newest posts; those whose titles break their front matter lead."""
        broken = [(p, 0) for p, kind in enumerate(self.kinds) if kind.oddity == "quoted_title"]
        others = (
            (number, post)
            for number in reversed(self.shown)
            if self.is_shown(number)
            and (kind := self.kind(number)).oddity not in ("quoted_title", "old_post")
            for post in range(len(kind.generations))
        )
        leading = self.newest(self.members(broken), 10)
        entries = []
        for number, place in (leading + self.newest(others, 10))[:10]:
            truth = self.article(number)
            when = local(self.page_second(number, place)).isoformat()
            entries.append(render.entry(truth, truth.posts[place], when))
        return layout.atom_feed(entries, local(self.built).isoformat())

    @property
    def last_modified(self) -> datetime:
        """When the site was built last: what the server says of every page."""
        return local(self.built)

    def write(self, folder: Path) -> int:
        """Write the site as static files, one at a time; return how many.

        Two slugs that differ in case only need a file system that tells case.
        """
        fixed = ["/index.html", "/emnews/index.html", "/feed.xml", "/404.html", "/robots.txt"]
        fixed += [f"/category/{slug}.html" for slug in self.category_pages]
        count = 0
        for path in fixed:
            response = self.respond(path)
            if response.status == 200 or path == "/404.html":
                count += put(folder, path, response.body)
        for truth in self.truths():
            for path, body in self.pages(truth):
                count += put(folder, path, body)
            if truth.digits:
                count += put(folder, f"/a/{truth.digits}.html", answers.public_page(truth).encode())
        return count


def put(folder: Path, path: str, body: bytes) -> int:
    """Write one file below the folder; return 1."""
    file = folder / path.lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(body)
    return 1
