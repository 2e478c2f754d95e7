"""The request that the engine gets: what the client says; where it says nothing, what the candidate was tested with."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Any

from fairtrial.errors import SpecError
from fairtrial.records import GenerateRequest, Item, Prompt
from fairtrial.serve.bodies import Asked
from fairtrial.spec.candidate import Candidate
from fairtrial.tasks.variants.prompting import read_prompt_template

LARGEST_SEED = (1 << 62) - 1


def write_prompt(prompt: Prompt, spec: Candidate) -> Prompt:
    """Return a prompt as the candidate asks it: its question within its own template, examples as turns or as text.

    Raises SpecError if the template names columns of a task's rows, which a conversation does not have.
    """
    if spec.chat != "none" and not spec.fewshot_as_multiturn:
        prompt = prompt.in_one_turn()
    if not spec.prompt:
        return prompt
    item = Item("", 0, prompt.user, (), (), "", {})
    request = read_prompt_template(spec.prompt).apply(GenerateRequest(prompt, 1), item)
    assert isinstance(request, GenerateRequest)
    return request.prompt


def check_template(spec: Candidate) -> None:
    """Raise SpecError if the candidate's prompt cannot be written for a conversation."""
    try:
        write_prompt(Prompt("a question"), spec)
    except SpecError as error:
        raise SpecError(
            f"candidate {spec.id!r} cannot be served: {error.message}",
            fix="Its prompt may name {{prompt}} and {{question}} only; a conversation has no columns.",
        ) from error


def settle(body: Asked, spec: Candidate, prompt: Prompt, most: int) -> GenerateRequest:
    """Return the request.

    Args:
        body: what the client says.
        spec: the candidate, whose decoding counts where the client says nothing.
        prompt: what is asked.
        most: new tokens where neither says how many.
    """
    own = spec.decoding
    stop = [body.stop] if isinstance(body.stop, str) else body.stop or []

    def choose(name: str, default: Any) -> Any:
        given = getattr(body, name, None)
        tested = getattr(own, name)
        return given if given is not None else tested if tested is not None else default

    request = GenerateRequest(
        prompt,
        max_tokens=choose("max_tokens", most),
        stop=(*(one for one in stop if one), *own.stop),
        temperature=float(choose("temperature", 0.0)),
        top_p=float(choose("top_p", 1.0)),
        top_k=choose("top_k", 0),
        label="request",
    )
    if request.temperature == 0:
        return request
    seed = secrets.randbits(48) if body.seed is None else body.seed & LARGEST_SEED
    return replace(request, seed=seed)


def list_changes(body: Asked, spec: Candidate) -> list[str]:
    """Return the settings in which a client differs from what the candidate was tested with."""
    own = spec.decoding
    found = []
    for name, default in (("temperature", 0.0), ("top_p", None), ("top_k", None), ("max_tokens", None)):
        tested = getattr(own, name) if getattr(own, name) is not None else default
        given = getattr(body, name, None)
        if given is not None and tested is not None and given != tested:
            found.append(name)
    return found


def spread(request: GenerateRequest, count: int) -> list[GenerateRequest]:
    """Return the requests for several choices; sampled ones have a seed each."""
    if request.temperature == 0:
        return [request] * count
    return [replace(request, seed=(request.seed + number) & LARGEST_SEED) for number in range(count)]
