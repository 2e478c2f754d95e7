"""The identity of a candidate: the hash of all that can change its answers, and of nothing else."""

from __future__ import annotations

import hashlib
from pathlib import Path

from fairtrial.errors import ModelError, did_you_mean
from fairtrial.models.record import ResolvedModel
from fairtrial.records import content_hash
from fairtrial.spec.candidate import DATE, Candidate
from fairtrial.spec.regular import read_regular

_MOST_BYTES = 1_000_000

MESSAGES = 2
"""Version of how prompts become messages for a chat template."""


def identify_candidate(candidate: Candidate, model: ResolvedModel, *, base_dir: Path, engine_version: str) -> str:
    """Return the content hash of all that can change a candidate's answers; its name is not part of it.

    Args:
        candidate: what the user wrote.
        model: the weights after all build levers: what a lever did is in their hash.
        base_dir: folder that a chat template's path is relative to; the template counts by its content.
        engine_version: of whatever does the arithmetic.

    Raises:
        ModelError: the chat template cannot be read.
    """
    chat = _identify_template(candidate, base_dir)
    own = candidate.model_dump(mode="json", include={"decoding", "system", "context", "overflow"})
    if candidate.dtype != "auto":
        own["dtype"] = candidate.dtype
    if candidate.chat != "none":
        own["messages"] = MESSAGES
        if not candidate.fewshot_as_multiturn:
            own["fewshot_as_multiturn"] = False
        if candidate.date != DATE:
            own["date"] = candidate.date
        if candidate.endpoint.begun:
            own["begun"] = candidate.endpoint.begun
    if candidate.prompt:
        own["prompt"] = candidate.prompt
    if candidate.blind:
        own["blind"] = True
    if candidate.thoughts != "auto":
        own["thoughts"] = candidate.thoughts
    if model.projector:
        own["projector"] = model.projector_sha256
    if model.adapter:
        own["adapter"] = model.adapter_sha256
    return content_hash([model.sha256, model.engine, engine_version, chat, own])


def _identify_template(candidate: Candidate, base_dir: Path) -> str:
    """Return ``none``, ``model``, or what stands for the content of a chat template of the user's own."""
    chat = candidate.chat
    if chat not in ("none", "model"):
        template = base_dir / chat
        try:
            content = read_regular(template, _MOST_BYTES)
        except FileNotFoundError as error:
            near = sorted(p.name for p in template.parent.glob("*.jinja*"))
            hint = did_you_mean(chat, ("model", "none")) or did_you_mean(template.name, near)
            raise ModelError(
                f"candidate {candidate.id!r}: there is no chat template {chat!r} in {base_dir}.{hint}"
            ) from error
        except OSError as error:
            why = f"the chat template cannot be read: {error.strerror}."
            raise ModelError(f"candidate {candidate.id!r}: {why}", where=str(template)[:300]) from error
        return "template:" + hashlib.sha256(content).hexdigest()
    return chat
