"""What identifies recorded answers: the hash of the files and of how they are read, or the candidate of a ledger."""

from __future__ import annotations

import hashlib
from pathlib import Path

from fairtrial.errors import ModelError, did_you_mean
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.plan import CandidateRecord
from fairtrial.recorded.imported import find_files
from fairtrial.spec.recorded import Recorded


def hash_files(path: Path, how: Recorded) -> str:
    """Return the sha256 of a log's files, names included.  Raises ModelError if they cannot be read."""
    digest = hashlib.sha256()
    for file in find_files(path, how):
        digest.update(file.name.encode("utf-8", "surrogatepass") + b"\0")
        try:
            with file.open("rb") as opened:
                digest.update(hashlib.file_digest(opened, "sha256").digest())
        except OSError as error:
            raise ModelError(f"recorded answers: {file} cannot be read: {error.strerror}.") from error
    return digest.hexdigest()


def find_candidate(ledger: Ledger, name: str) -> CandidateRecord:
    """Return the latest candidate of that name in a ledger's trials: its entry in the trial's plan.

    Raises ModelError, with the names that there are.
    """
    names = {candidate.name: candidate for row in query.read_trials(ledger) for candidate in row.plan.candidates}
    if name in names:
        return names[name]
    told = f"the ledger {ledger.path.name} has no candidate {name!r}.{did_you_mean(name, names)}"
    raise ModelError(told, fix=f"Candidates there: {', '.join(names) or 'none'}.")
