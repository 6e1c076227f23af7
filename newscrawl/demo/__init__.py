"""The sample site that ``newscrawl demo`` crawls: synthetic financial news of the last days."""
