"""A policy as it holds: read from its file, its content identified, its checks made ready."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from fairtrial.conduct import METHOD as CONDUCT
from fairtrial.engines.base import Engine
from fairtrial.errors import SpecError, did_you_mean
from fairtrial.levers.guard.checks.base import Looker, check_categories
from fairtrial.levers.guard.checks.civic import CivicLooker
from fairtrial.levers.guard.checks.classifier import ClassifierLooker, identify_classifier
from fairtrial.levers.guard.checks.model import METHOD as ASKING
from fairtrial.levers.guard.checks.model import ModelLooker, read_guard_template
from fairtrial.levers.guard.checks.moderation import ModerationLooker
from fairtrial.levers.guard.checks.personal import PersonalDataLooker
from fairtrial.levers.guard.checks.rules import RuleLooker, load_books
from fairtrial.levers.guard.checks.texts import LabelLooker, QuoteLooker
from fairtrial.levers.guard.reading.views import METHOD as READING
from fairtrial.levers.guard.rules.book import BOOKS, load_book, read_book
from fairtrial.models import hash_file
from fairtrial.records.harms import LLAMA_GUARD
from fairtrial.spec.guard import STANDARD, Check, Guard, Policy, place_policy_files
from fairtrial.spec.problems import validate_section
from fairtrial.spec.yamlfile import read_yaml

FOLDER = Path(__file__).with_name("policies")
METHOD = 2
"""Counts up when the same policy and the same text come to something else."""


def read_policy(path: Path) -> Policy:
    """Return the policy of a file, the files that it names as absolute paths.

    Raises SpecError, with the line, for whatever is wrong with it.
    """
    _, data, places = read_yaml(path, "A policy has checks, e.g. `input: [{rules: hazards}]`; see docs/guard.md.")
    if isinstance(data, dict):
        data = place_policy_files(data, lambda named: str(path.parent.resolve() / Path(named).expanduser()))
    return validate_section(Policy, data, places)


def find_policy(settings: Guard) -> Policy:
    """Return the policy of a lever's settings: as it was planned with, else read now."""
    if isinstance(settings.read, Policy):
        return settings.read
    if not settings.path:
        return settings.policy
    path = FOLDER / f"{STANDARD}.yaml" if settings.path == STANDARD else Path(settings.path)
    if not path.exists() and (near := did_you_mean(path.name, (STANDARD,))):
        raise SpecError(f"there is no policy and no file {settings.path!r}.{near}")
    return read_policy(path)


def check_models(policy: Policy, settings: Guard) -> None:
    """Raise SpecError if a check asks a candidate that the lever does not name, or cannot tell which."""
    names = settings.names()
    for stage, i, check in policy.checks():
        if check.model is None:
            continue
        where = f"guard: {stage}[{i}]"
        if not names:
            raise SpecError(
                f"{where}: the check 'model' needs a candidate to ask, and the lever names none.",
                fix="Write `models: [ID]` beside the policy; ID is another candidate of the trial.",
            )
        if check.model.ask and check.model.ask not in names:
            near = did_you_mean(check.model.ask, names)
            raise SpecError(f"{where}: {check.model.ask!r} is none of `models`: {', '.join(names)}.{near}")
        if not check.model.ask and len(names) > 1:
            raise SpecError(f"{where}: several candidates are named; say which one is asked: {', '.join(names)}.")


def identify_policy(policy: Policy) -> list[object]:
    """Return what of a policy decides an answer: its settings, with the content of files in place of their names.

    Raises SpecError for a file that does not exist or is wrong, MissingExtraError for a package that is missing.
    """
    written = policy.model_dump(mode="json", exclude={"name"}, exclude_defaults=True)
    versions: dict[str, int] = {"conduct": CONDUCT}
    for stage, i, check in policy.checks():
        place = written[stage][i]
        _check_categories(check, f"guard: {stage}[{i}]")
        if check.rules is not None:
            sets = check.rules.sets
            versions |= {book: load_book(book).version for name in sets for book in BOOKS.get(name, ())}
            versions["reading"] = READING
            if check.rules.files:
                files = [[read_book(Path(path)).version, hash_file(Path(path))] for path in check.rules.files]
                place["rules"] = {**place["rules"], "files": files}
        elif check.classifier is not None:
            kept = {k: v for k, v in place["classifier"].items() if k not in ("model", "tokenizer")}
            place["classifier"] = {**kept, "files": identify_classifier(check.classifier)}
        elif check.model is not None:
            read_guard_template(check.model)
            kept = {k: v for k, v in place["model"].items() if k != "template"}
            named = check.model.template
            place["model"] = {**kept, "asking": ASKING, **({"template": hash_file(Path(named))} if named else {})}
        elif check.moderation is not None:
            own = check.moderation
            how = {"base_url": own.endpoint.base_url, "categories": list(own.categories), "threshold": own.threshold}
            place["moderation"] = {"model": own.model, **how}
        elif check.civic is not None or check.label is not None:
            versions["requests"] = load_book("requests").version
    return [METHOD, written, versions]


def _check_categories(check: Check, where: str) -> None:
    """Raise SpecError for a category that a check does not know, with its place in the policy."""
    try:
        if check.rules is not None:
            load_books(check.rules)
        elif check.model is not None and check.model.template is None:
            check_categories("categories", check.model.categories, LLAMA_GUARD)
    except SpecError as error:
        if error.where:
            raise
        raise SpecError(error.message, where=where, fix=error.fix) from error


def describe_policy(policy: Policy) -> Mapping[str, object]:
    """Return what a candidate's record tells of a policy: its checks in words, and whom else texts go to."""
    hosts = {
        check.moderation.endpoint.host
        for *_, check in policy.checks()
        if check.moderation and not check.moderation.endpoint.here
    }
    checks = [f"{stage}: {check.kind}, {check.done}, fails {check.fail}" for stage, _, check in policy.checks()]
    return {"policy": policy.name, "checks": checks, "stream": policy.stream, "asks": sorted(hosts)}


@dataclass(frozen=True, slots=True)
class OpenCheck:
    """A check that is ready.

    Attributes:
        check: as the policy has it.
        looker: what looks.
    """

    check: Check
    looker: Looker


@dataclass(frozen=True, slots=True)
class OpenPolicy:
    """A policy whose checks are ready.

    Attributes:
        policy: as it was read.
        input: checks of the question.
        output: checks of the answer.
    """

    policy: Policy
    input: tuple[OpenCheck, ...]
    output: tuple[OpenCheck, ...]

    def checks(self) -> Iterator[OpenCheck]:
        """Yield all checks."""
        yield from self.input
        yield from self.output

    def close(self) -> None:
        """Let go of processes and connections."""
        for one in self.checks():
            one.looker.close()


def open_policy(policy: Policy, models: Mapping[str, Engine] | None = None) -> OpenPolicy:
    """Return a policy with its checks ready; close it when done.

    Args:
        policy: e.g. from `read_policy`.
        models: engines that checks of the kind ``model`` ask, by name; they stay their owners' to close.

    Raises:
        SpecError: a file that it names is wrong.
        MissingExtraError: a package is missing.
        EngineError: an endpoint has no key.
    """
    made: list[OpenCheck] = []

    def ready(checks: tuple[Check, ...]) -> tuple[OpenCheck, ...]:
        own = []
        for check in checks:
            own.append(OpenCheck(check, _make_looker(check, models or {})))
            made.append(own[-1])
        return tuple(own)

    try:
        return OpenPolicy(policy, ready(policy.input), ready(policy.output))
    except BaseException:
        for one in made:
            one.looker.close()
        raise


def _make_looker(check: Check, models: Mapping[str, Engine]) -> Looker:
    """Return what looks for a check."""
    found: Looker
    if check.rules is not None:
        found = RuleLooker(check.rules, check.done == "rewrite")
    elif check.personal_data is not None:
        found = PersonalDataLooker(check.personal_data)
    elif check.classifier is not None:
        found = ClassifierLooker(check.classifier)
    elif check.moderation is not None:
        found = ModerationLooker(check.moderation)
    elif check.model is not None:
        name = check.model.ask or next(iter(models), "")
        if name not in models:
            raise SpecError(f"guard: there is no model {name!r} to ask.", fix=f"Models: {', '.join(models) or 'none'}.")
        found = ModelLooker(check.model, name, models[name])
    elif check.civic is not None:
        found = CivicLooker(check.civic)
    elif check.quotes is not None:
        found = QuoteLooker(check.quotes)
    else:
        assert check.label is not None
        found = LabelLooker(check.label)
    return found
