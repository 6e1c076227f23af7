"""A made mirror in the shape of the real one, for tests, benchmarks and the demo.

``Site(seed=1, articles=200)`` answers like the mirror, the share interface and the public article
pages; ``Site.article(i)`` says what is true of each article; ``serve(site)`` puts it on loopback.
"""

from newscrawl.demo.oddities import DEFAULT, ODDITIES
from newscrawl.demo.server import Fault, Folder, Server, serve
from newscrawl.demo.site import Response, Site
from newscrawl.demo.truth import Post, Told, Truth

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
