"""The retrieve lever: an archive of documents behind a model, with the context and the rights of each passage kept.

    levers: [{retrieve: news.db}]

What may be used is decided before anything is searched; passages stand before the question as quoted data, with their
publisher, date, label and corrections; what the answer repeats of them is checked against them and their licences.
"""

from __future__ import annotations

from fairtrial.levers.retrieve.lever import RetrieveLever

__all__ = ["RetrieveLever"]
