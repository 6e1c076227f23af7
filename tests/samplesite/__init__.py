"""A sample site in the shape of the real one, for tests, benchmarks and the demo.

``Site(seed=1, articles=200)`` answers like the mirror, the share interface and the public article
pages; ``Site.article(i)`` says what is true of each article; ``serve(site)`` puts it on loopback.
"""

from samplesite.oddities import DEFAULT, ODDITIES
from samplesite.server import Fault, Folder, Server, serve
from samplesite.site import Response, Site
from samplesite.truth import Post, Told, Truth

__all__ = [
    "DEFAULT",
    "ODDITIES",
    "Fault",
    "Folder",
    "Post",
    "Response",
    "Server",
    "Site",
    "Told",
    "Truth",
    "serve",
]
