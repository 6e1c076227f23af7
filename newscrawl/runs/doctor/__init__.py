"""Looks at a source that gives nothing, and names the cause."""
