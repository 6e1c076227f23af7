"""Eastmoney: what its pages, answers and lists say."""
