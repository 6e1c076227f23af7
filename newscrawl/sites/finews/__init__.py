"""The finews mirror: what its pages and post files say."""
