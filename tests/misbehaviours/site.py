"""A sample site that misbehaves at one address for each row of the table, and is good elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from samplesite import render
from samplesite.plan import Shelf
from samplesite.site import Response
from samplesite.site import Site as GoodSite
from samplesite.truth import Truth

from misbehaviours import GROUPS
from misbehaviours.making import Row, head, length
from misbehaviours.server import Asked, Last, Step
from newscrawl.demo import layout

_SHARE = re.compile(rb'<p><a href="http://finews\.zning\.xyz/[^\n]*</p>\n\n')
_LISTED_DAY = "2022/05/12"


class Site:
    """Which article or list each row is played on, and what is answered at each address.

    Posts have no share link, so that nothing but the post tells of its article; those of the rows
    for answers and public pages do. A row for a list has a category of its own: a good post leads
    to it.
    """

    def __init__(self) -> None:
        self.url = self.canary = ""
        self.rows: dict[str, Row] = {}
        """By the address that they are played at."""
        self.truths: dict[str, Truth] = {}
        """The articles of these addresses."""
        self.good: list[Truth] = []
        """The articles of which every page can be fetched."""
        self.resolved: set[str] = set()
        """Codes of the articles whose share answer can be fetched."""
        self._linking: set[str] = set()
        """Codes of the articles whose posts have their share link."""
        self._null: set[str] = set()
        """Codes of the articles of which the share interface says null."""
        self._posts: dict[str, bytes] = {}
        """The posts that lead to the misbehaving lists."""
        self._base = GoodSite(articles=1140, categories=12, oddities=frozenset())
        self._assign()
        self._assign_listings()
        self._other = self.good[0].paths[0]

    def _assign(self) -> None:
        truths = list(self._base.truths())
        single = [truth for truth in truths if truth.generation == "8"]
        # One of eight stays good, so that there are good ones between.
        bad = iter([truth for number, truth in enumerate(single) if number % 8])
        for group in GROUPS:
            for row in group.rows if group.place != "listing" else ():
                truth = next(bad)
                address = {
                    "post_page": truth.paths[0],
                    "api_answer": f"/NewsData/GetNewsText.do?id={truth.info_code}",
                    "article_page": f"/a/{truth.digits}.html",
                }[group.place]
                self.rows[address], self.truths[address] = row, truth
                if group.place != "post_page":
                    self._linking.add(truth.info_code)
                if group.place == "article_page":
                    self._null.add(truth.info_code)
                elif group.place == "api_answer":
                    # Where the answer cannot be fetched, the public page can.
                    self.resolved.add(truth.info_code)
        met = {truth.info_code for truth in self.truths.values()} - self._linking
        self.good += [truth for truth in truths if truth.info_code not in met]

    def _assign_listings(self) -> None:
        rows = [row for group in GROUPS if group.place == "listing" for row in group.rows]
        base = replace(
            self._base,
            seed=2,
            articles=2 * len(rows),
            last_day=self._base.last_day.replace(month=5),
        )
        truths = (truth for truth in base.truths() if truth.generation == "8")
        for number, (row, truth) in enumerate(zip(rows, truths, strict=False)):
            slug = f"list{number:02}"
            post = replace(
                truth.posts[0],
                path=f"/{slug}/{_LISTED_DAY}/{truth.info_code}.html",
                shelf=Shelf((slug,), (slug,), slug, slug),
            )
            self._posts[post.path] = _SHARE.sub(b"", render.post_page(truth, post).encode())
            self.rows[f"/category/{slug}.html"] = row
            self.good.append(
                replace(truth, posts=(post,), slugs=(slug,), listings=(slug,), tags=(slug,))
            )

    def answer(self, path: str, time: int) -> Iterator[Step]:
        """Answer a path, with its query, that was asked so often before."""
        address = path if path in self.rows else path.partition("?")[0]
        row = self.rows.get(address)
        if row is None:
            found = self._honest(path)
            kind = found.headers.get("Content-Type", "text/html; charset=utf-8")
            yield head(f"Content-Type: {kind}", length(found.body), status=f"{found.status} X")
            yield found.body
            yield Last.KEEP
            return
        other = "/" if address.startswith("/category/") else self._other
        yield from row.answer(
            Asked(
                self.url,
                path,
                self._honest(address).body,
                self._other,
                self._honest(other).body,
                self.canary,
                time,
            )
        )

    def _honest(self, path: str) -> Response:
        if path == "/":
            links = "".join(f'<li><a href="{each}">x</a></li>\n' for each in self._posts)
            home = self._base.home().replace("</section>", f"<ul>{links}</ul></section>")
            return Response(200, home.encode())
        if path in self._posts:
            return Response(200, self._posts[path])
        if path.startswith("/category/list"):
            slug = path.removeprefix("/category/").removesuffix(".html")
            post = next(each for each in self._posts if each.startswith(f"/{slug}/"))
            return Response(
                200, layout.category_page(slug, slug, slug, [layout.Item(post, slug)]).encode()
            )
        if path.partition("=")[2] in self._null:
            return Response(200, b"null")
        found = self._base.respond(path)
        if not any(code in path for code in self._linking):
            found = replace(found, body=_SHARE.sub(b"", found.body))
        return found
