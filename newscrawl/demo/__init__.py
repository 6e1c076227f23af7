"""The sample site that ``newscrawl demo`` crawls: synthetic financial news of three days."""

from newscrawl.demo.server import Server
from newscrawl.demo.site import SampleSite

__all__ = ["SampleSite", "Server"]
