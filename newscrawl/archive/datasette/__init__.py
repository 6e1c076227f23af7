"""The archive in a browser: Datasette, with a front page, a search and articles to read."""
