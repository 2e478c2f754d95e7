"""What the ledger keeps about a candidate that two models answer for: the facts about both."""

from __future__ import annotations

from fairtrial.models import ResolvedModel
from fairtrial.records import content_hash


def joined(small: ResolvedModel, larger: ResolvedModel, names: tuple[str, str]) -> ResolvedModel:
    """Return two models as one: bytes of both, and each one's own record under ``parts``.

    Answers are made elsewhere if either model makes them elsewhere; prices stay with the parts.
    """
    parts = {name: model.record() for name, model in zip(names, (small, larger), strict=True)}
    sizes = [record.get("bytes") for record in parts.values()]
    known = [size for size in sizes if isinstance(size, int)]
    away = {"elsewhere": True} if any(record.get("elsewhere") for record in parts.values()) else {}
    return ResolvedModel(
        small.spec,
        small.engine,
        small.path,
        content_hash(["cascade", small.sha256, larger.sha256]),
        f"{small.name} then {larger.name}",
        {**small.notes, **away, "bytes": sum(known) if known else None, "parts": parts},
    )
