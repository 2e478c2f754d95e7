"""Stores of documents: one file with SQLite, or a PostgreSQL server; what both share decides the results.

`words` splits texts, `postings` is the index, `columns` says which passages a scope allows, `ranking` ranks them.
"""
