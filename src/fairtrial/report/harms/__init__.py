"""Harm in words and rows: limits, and what tasks about harm found.  Knows no HTML and no terminal."""
