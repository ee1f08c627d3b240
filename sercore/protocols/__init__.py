"""Splits, and the leaks they forbid."""
