"""What Scrapyd needs to know: newscrawl itself is installed beside Scrapyd, with pip."""

from setuptools import setup

setup(
    name="newscrawl-on-scrapyd",
    version="1",
    packages=[],
    py_modules=[],
    entry_points={"scrapy": ["settings = newscrawl.settings"]},
)
