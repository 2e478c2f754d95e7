"""Embedders: what makes vectors of passages and queries, each in a file of its own; `opening` has the table of them."""
