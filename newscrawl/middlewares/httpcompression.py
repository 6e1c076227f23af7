"""Unpacks answers, up to DOWNLOAD_MAXSIZE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.downloadermiddlewares import httpcompression
from scrapy.exceptions import DownloadCancelledError, DownloadFailedError, IgnoreRequest
from scrapy.http import Request, Response

if TYPE_CHECKING:
    from scrapy import Spider


class TooLarge(DownloadCancelledError):
    """Raised where an answer is larger than DOWNLOAD_MAXSIZE once it is unpacked."""


class CannotUnpack(DownloadFailedError):
    """Raised where an answer is not packed as it says, or more than once."""


class HttpCompressionMiddleware(httpcompression.HttpCompressionMiddleware):
    """Fails what is too large, packed more than once, or broken, with an error that says so.

    Scrapy counts an answer that unpacks to too much as one that it has ignored. And it unpacks as
    often as the answer says: each turn may cost what DOWNLOAD_MAXSIZE costs, and a header has room
    for a thousand.
    """

    def process_response(
        self, request: Request, response: Response, spider: Spider | None = None
    ) -> Request | Response:
        """Return the answer, unpacked.

        :raises TooLarge: it grows beyond DOWNLOAD_MAXSIZE.
        :raises CannotUnpack: it is packed more than once, or broken.
        """
        packings = b",".join(response.headers.getlist("Content-Encoding")).split(b",")
        if len(packings) > 1:
            raise CannotUnpack(f"{response.url} is packed {len(packings)} times")
        try:
            return super().process_response(request, response)
        except IgnoreRequest as error:
            raise TooLarge(str(error)) from error
        except Exception as error:  # zlib, brotli and zstd each have their own
            raise CannotUnpack(f"{response.url} cannot be unpacked: {error}") from error
