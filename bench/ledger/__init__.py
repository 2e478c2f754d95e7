"""Ledgers of many observations: made by `making`, measured by ``python -m bench.ledger``."""
