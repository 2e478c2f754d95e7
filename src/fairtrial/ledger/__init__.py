"""The ledger: one SQLite file that keeps every answer and observation."""

from fairtrial.ledger.store import Chunk, Ending, Ledger

__all__ = ["Chunk", "Ending", "Ledger"]
