"""The archive as people use it: plain functions over a connection. Knows nothing of Scrapy.

Open the file with :func:`newscrawl.store.connections.open_for_reading`; a crawl may write it
meanwhile.
"""
