"""Where a crawl may connect to, how long it waits there, and how much it takes."""
