"""Reads an archive for people: plain functions over a connection, without Scrapy.

Open the file with :func:`newscrawl.store.connections.open_for_reading`; a crawl may write it
meanwhile.
"""
