"""The command ``newscrawl``."""
