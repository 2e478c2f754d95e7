"""Which rules these are: part of the identity of whatever is graded or guarded by them."""

METHOD = 2
"""Raise it whenever an answer would be read otherwise, or other personal data found."""
