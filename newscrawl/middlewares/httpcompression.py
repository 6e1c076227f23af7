"""Decompresses responses, up to DOWNLOAD_MAXSIZE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.downloadermiddlewares import httpcompression
from scrapy.exceptions import DownloadCancelledError, DownloadFailedError, IgnoreRequest
from scrapy.http import Request, Response

if TYPE_CHECKING:
    from scrapy import Spider


class TooLarge(DownloadCancelledError):
    """Raised if a response is larger than DOWNLOAD_MAXSIZE once decompressed."""


class CannotUnpack(DownloadFailedError):
    """Raised if a response is not encoded as it declares, or more than once."""


class HttpCompressionMiddleware(httpcompression.HttpCompressionMiddleware):
    """Fails a response that is too large, encoded more than once, or broken, with a reason.

    Scrapy counts a response that is too large once decompressed as ignored. And it decompresses as
    often as the header says: each time may cost what DOWNLOAD_MAXSIZE allows, and a header has
    room for a thousand encodings.
    """

    def process_response(
        self, request: Request, response: Response, spider: Spider | None = None
    ) -> Request | Response:
        """Return the response, decompressed.

        :raises TooLarge: it grows beyond DOWNLOAD_MAXSIZE.
        :raises CannotUnpack: it is encoded more than once, or broken.
        """
        packings = b",".join(response.headers.getlist("Content-Encoding")).split(b",")
        if len(packings) > 1:
            raise CannotUnpack(f"{response.url} has {len(packings)} content encodings")
        try:
            return super().process_response(request, response)
        except IgnoreRequest as error:
            raise TooLarge(str(error)) from error
        except Exception as error:  # zlib, brotli and zstd each have their own
            raise CannotUnpack(f"could not decompress {response.url}: {error}") from error
