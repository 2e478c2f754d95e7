"""Retrieval sets in BEIR's form: a row of ``corpus.jsonl`` as a document, and which files beside it are none.

The form is that of Thakur and others 2021, https://arxiv.org/abs/2104.08663: a row has ``_id``, ``title``, ``text`` and
``metadata``; ``queries.jsonl`` has the questions and ``qrels`` what answers them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from hashlib import blake2b
from typing import Any

from fairtrial.archive.readers.stating import ALIASES, CONTEXT, RIGHTS
from fairtrial.errors import ArchiveError, did_you_mean

ID = "_id"
CORPUS = ("corpus.jsonl", "corpus.jsonl.gz")
QUERIES = ("queries.jsonl", "queries.jsonl.gz")
JUDGEMENTS = "qrels"

_OWN = frozenset({"uri", "title", "text"})


def hold_corpus(names: Collection[str]) -> bool:
    """Return whether the files of a folder are those of a retrieval set: documents and questions about them."""
    return any(name in names for name in CORPUS) and any(name in names for name in QUERIES)


def lift_fields(row: Mapping[str, Any], notes: list[str]) -> dict[str, Any]:
    """Return the fields of a row with ``_id`` as rows without have them: its id is its address.

    Fields of ``metadata`` that the archive knows count as the row's own; the others are left out, with a note.  What
    addresses a document there is left out too: judgements name it by its id.

    Raises ArchiveError for an id that is none, and for a field that looks like a right misspelt.
    """
    fields = {name: value for name, value in row.items() if name not in (ID, "metadata")}
    given = row[ID]
    told = str(given).strip() if isinstance(given, str | int) and not isinstance(given, bool) else ""
    if not told:
        raise ArchiveError("its _id is empty, or neither a text nor a whole number.")
    if "uri" in fields or "url" in fields or "canonical" in fields:
        raise ArchiveError("it has an _id and an address beside it; a document has one of them.")
    fields["uri"] = told
    if not str(fields.get("text", "-")).strip() and str(fields.get("title") or "").strip():
        fields["text"] = fields["title"]
        notes.append("it has no text; its title stands for it")
    metadata = row.get("metadata") or {}
    if not isinstance(metadata, Mapping):
        raise ArchiveError("its metadata is no JSON object.")
    left = []
    for name, value in metadata.items():
        key = name.lower().replace("-", "_")
        key = ALIASES.get(key, key)
        if key in (*CONTEXT, *RIGHTS) and key not in _OWN and name not in fields:
            fields[name] = value
            continue
        if near := did_you_mean(key, RIGHTS) if key not in (*CONTEXT, *RIGHTS) else "":
            raise ArchiveError(f"metadata: the field {name[:80]!r} is not known.{near}", fix="Correct or rename it.")
        left.append(name[:80])
    if left:
        notes.append(f"left out of its metadata: {', '.join(map(repr, left[:10]))}{', ...' if left[10:] else ''}")
    return fields


class SeenIds:
    """The ids of one file, of each a hash of 8 bytes, so that millions fit into memory."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()

    def add(self, name: str) -> None:
        """Note an id.  Raises ArchiveError if it has been seen before."""
        key = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        if key in self._seen:
            raise ArchiveError(
                f"the _id {name[:80]!r} stands in the file twice; the first one is kept.",
                fix="Give each document an id of its own.",
            )
        self._seen.add(key)
