"""Model cards in the form of the Hugging Face hub: metadata at the head, then text.  Plain facts in, Markdown out.

The adapter's own card and that of a trial's candidate are written here alike.  Names of data, people and licences come
from others: they are written as plain text, never as markup.
"""

from __future__ import annotations

from fairtrial.cards.model import ModelCardFacts, write_model_card

__all__ = ["ModelCardFacts", "write_model_card"]
