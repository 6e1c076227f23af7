"""A run: its ledger, its outcome and its process; and the jobs that are not crawls."""
