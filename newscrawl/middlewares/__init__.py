"""Middlewares: one file for each stock one that is replaced, under its stock name."""
