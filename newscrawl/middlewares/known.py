"""Drops requests for stored pages, and makes those for a revisit conditional."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.spidermiddlewares.base import BaseSpiderMiddleware

from newscrawl.runs.run import run_of
from newscrawl.sites import LOADER_VERSION

if TYPE_CHECKING:
    from scrapy.http import Request, Response

    from newscrawl.items import Page
    from newscrawl.store.known import KnownPage


class KnownMiddleware(BaseSpiderMiddleware):
    """Drops requests for pages that are stored and not due for a revisit.

    One that is due is fetched with the validators of its last response.
    """

    def get_processed_request(self, request: Request, response: Response | None) -> Request | None:
        """Return the request as it is to be sent; None where the page is known."""
        page: Page | None = request.meta.get("page")
        known = self._find(page) if page is not None else None
        if page is None or known is None:
            return request
        run = run_of(self.crawler)
        if not run.is_due(known):
            run.skip(page, is_rejected=known.is_rejected)
            if known.is_rejected and (info_code := request.cb_kwargs.get("info_code")):
                run.answer_tried(info_code)
            return None
        request.meta["known"] = known
        # A page whose times are to be corrected is read again.
        if known.url == request.url and not run.is_misdated(known):
            make_conditional(request, known.etag, known.last_modified)
        return request

    def _find(self, page: Page) -> KnownPage | None:
        archive = run_of(self.crawler).known
        found = archive.page(page)
        if found is None:
            return archive.rejected_page(page, loader_version=LOADER_VERSION)
        # A response without a text is fetched again.
        return found if found.has_body or page.kind.is_revisited else None


def make_conditional(request: Request, etag: str | None, last_modified: str | None) -> None:
    """Add validators: the server answers 304, without the page, if it is unchanged."""
    if etag:
        request.headers["If-None-Match"] = etag
    if last_modified:
        request.headers["If-Modified-Since"] = last_modified
    if etag or last_modified:
        request.meta["handle_httpstatus_list"] = [304]
