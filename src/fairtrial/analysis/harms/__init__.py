"""Harm in a trial: which limits are kept, and what follows from that.  Reads the ledger; never adds harms up."""
