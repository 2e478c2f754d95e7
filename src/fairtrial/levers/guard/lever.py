"""The guard as a lever: what identifies it, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fairtrial.engines.base import Engine
from fairtrial.levers.base import Calls, Need, ReferencedContent, WrapLever
from fairtrial.levers.guard.checks.model import LONGEST, TEMPLATE, read_guard_template
from fairtrial.levers.guard.engine import OWN, GuardEngine
from fairtrial.levers.guard.policy import check_models, describe_policy, find_policy, identify_policy, open_policy
from fairtrial.records import GenerateRequest, Request
from fairtrial.records.harms import LLAMA_GUARD
from fairtrial.spec.guard import Guard

CATEGORIES = sum(len(code) + len(name) + 4 for code, name in LLAMA_GUARD.items())


class GuardLever(WrapLever[Guard]):
    """Checks questions before they are asked and answers before they are given, by a policy."""

    Settings = Guard
    own_part = OWN

    def identity(self, settings: Guard, referred: ReferencedContent) -> Sequence[object]:
        """Return the policy's content, the versions of rules, hashes of files, and the ids of the models asked.

        Raises SpecError for a policy that is wrong, with the line; MissingExtraError for a package that is missing.
        """
        policy = find_policy(settings)
        check_models(policy, settings)
        settings.plan_with(policy)
        asked = dict(zip(settings.names(), referred.candidates.get("models", ()), strict=True))
        return [*identify_policy(policy), asked]

    def wrap(self, settings: Guard, engine: Engine, others: Mapping[str, Engine]) -> GuardEngine:
        """Return the engine that checks what goes to ``engine`` and what comes from it."""
        return GuardEngine(engine, self.name, open_policy(find_policy(settings), others), others)

    def describe(self, settings: Guard) -> Mapping[str, object]:
        """Return the policy's checks in words, and the hosts that texts go to."""
        return {"guard": describe_policy(find_policy(settings))}

    def needs(self, settings: Guard) -> Sequence[Need]:
        """Return that models which are asked must write."""
        return ("generate",) if settings.models else ()

    def calls(self, settings: Guard, request: Request) -> tuple[Calls, Calls]:
        """Return one call of the model, and one of each other for every check that asks it; none for scores.

        Where answers are given sentence by sentence, there are as many as sentences.
        """
        policy = find_policy(settings)
        asking = [(stage, check) for stage, _, check in policy.checks() if check.model is not None]
        if not asking or not isinstance(request, GenerateRequest):
            return Calls(), Calls(0.0, 0)
        template = max(len(read_guard_template(check.model).encode()) for _, check in asking if check.model) or len(
            TEMPLATE
        )
        of_answers = sum(stage == "output" for stage, _ in asking)
        many = policy.stream == "sentence" and of_answers > 0
        most = len(asking) + of_answers * ((request.max_tokens if many else 1) - 1)
        written = sum(check.model.max_tokens for _, check in asking if check.model) * (
            request.max_tokens if many else 1
        )
        about = None if many else float(len(asking))
        return Calls(), Calls(about, most, template + CATEGORIES + 4 * LONGEST, written, images=False)
