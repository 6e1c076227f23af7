"""Strings: sanitized, limited, escaped, read as a time."""
