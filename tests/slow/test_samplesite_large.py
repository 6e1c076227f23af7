"""The sample site, large: memory that stays flat, and every id and link of it."""

from __future__ import annotations

import re
import tracemalloc
from datetime import date

import pytest
from asking import ALL, EVERY, get
from hypothesis import given, settings
from hypothesis import strategies as st
from samplesite import Site, serve
from samplesite.plan import EARLY


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 3_000_000), st.integers(0, 2**40), st.data())
def test_ids_of_any_site_lead_back_to_their_articles(
    articles: int, seed: int, data: st.DataObject
) -> None:
    site = Site(seed=seed, articles=articles, oddities=ALL)
    number = data.draw(st.integers(0, articles - 1))
    for generation in site.kind(number).generations:
        assert site.find(site.name(number, generation)) == number


def test_ids_agree_with_the_time_and_rise() -> None:
    site = Site(articles=2000, oddities=ALL)
    counters = []
    early: list[int] = []
    for truth in site.truths():
        if truth.digits is None:
            assert truth.published.date() < date(2021, 12, 8)
            continue
        assert truth.info_code == f"NW{truth.digits}"
        assert truth.digits[:8] == f"{truth.published:%Y%m%d}"
        assert truth.published_at == f"{truth.published:%Y-%m-%dT%H:%M:%S}+08:00"
        if "old_id" in truth.oddities:
            assert (len(truth.digits), truth.published.year) == (17, 2017)
        else:
            assert len(truth.digits) == 18
            of_its_day = early if truth.oddities & EARLY else counters
            of_its_day.append(int(truth.digits[8:]))
    for found in (counters, early):
        assert found == sorted(set(found))
    assert early
    elsewhere = {"old_id", "notice", *EARLY}  # their days are their own
    days = [t.published.date() for t in site.truths() if not t.oddities & elsewhere]
    assert (min(days), max(days)) == (date(2022, 6, 12), date(2022, 6, 14))


def test_memory_stays_flat() -> None:
    def peak(articles: int) -> int:
        site = Site(articles=articles)
        for _ in zip(site.truths(), range(50), strict=False):  # tables and caches
            pass
        tracemalloc.start()
        for _ in site.truths():
            pass
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    # Python itself keeps some emptied tuples; 1,200 articles held would be over ten megabytes.
    assert peak(1500) < peak(300) + 2_000_000


@pytest.mark.parametrize(
    "site",
    [EVERY, Site(articles=250, categories=3), Site(articles=100, seed=9, oddities=frozenset())],
)
def test_links_lead_from_home_to_every_listed_article(site: Site) -> None:
    with serve(site) as server:
        seen, queue = {"/"}, ["/"]
        while queue:
            status, _, body = get(server, path := queue.pop())
            assert status == 200, path
            for target in re.findall(r'<a href="([^"]+)"', body.decode()):
                target = re.sub(r"^(https:)?//finews\.(withounder\.com|zning\.me)", "", target)
                if target.rstrip("/").endswith("emnews"):  # every emnews footer means this page
                    target = "/category/emnews.html"
                local = re.match(r"/(category/|\w.*/20\d\d/)", target)
                if local and target not in seen:
                    seen.add(target)
                    queue.append(target)
        posts = {post.path: post for truth in site.truths() for post in truth.posts}
        assert {path for path in seen if path in posts} == {p for p in posts if posts[p].linked}
        assert {r.status for r in server.requests} == {200}
        listed = {
            slug: server.site.respond(f"/category/{slug}.html").body for slug in site.by_category
        }
        for truth in site.truths():
            for slug, body in listed.items():
                inside = any(f'"{path}"'.encode() in body for path in truth.paths)
                assert inside == (slug in truth.listings and truth.linked)
