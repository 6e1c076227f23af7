"""A run: what it counts, how it ends; and the jobs that are no crawl."""
