"""The settings of the guard lever: a policy: which checks are made of a question and an answer, and what follows.

Knows what may be written; what the lever does is in `fairtrial.levers.guard`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BeforeValidator,
    Field,
    PrivateAttr,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

from fairtrial.spec.endpoint import Endpoint
from fairtrial.spec.references import LeverSettings, Refers, To
from fairtrial.spec.section import Number, Positive, Section, Switch, Text, Texts, make_problem
from fairtrial.spec.shares import Share

Action = Literal["pass", "block", "rewrite", "refer"]
Fail = Literal["closed", "open"]
RuleSet = Literal["hazards", "injections", "jailbreaks", "unreadable"]
GuardedPersonalKind = Literal["card", "iban", "phone", "email", "identity", "ipv4", "name"]

STANDARD = "standard"
"""A policy that ships with the lever."""
SECUREVECTOR = "securevector"
"""A classifier that ships in a package."""
UNNAMED = "guard-model"
"""The id of a candidate that is written out without one."""


def _write_out(first: str, listed: bool = False) -> Callable[[Any], Any]:
    """Return what makes a mapping of a setting's short form."""

    def write(value: Any) -> Any:
        if isinstance(value, Mapping | Section) or value is None:
            return value
        if value is True:
            return {}
        return {first: [value]} if listed and isinstance(value, str) else {first: value}

    return write


class RuleSettings(Section):
    """Patterns, by category; see docs/guard.md."""

    sets: tuple[RuleSet, ...] = Field(
        ("hazards", "injections", "jailbreaks"), min_length=1, description="Which of the rules that ship with it."
    )
    files: Texts = Field((), description="Further rules, of one's own, in the same form.")
    categories: Texts = Field((), description="Only rules of these categories, e.g. iwp; default: all.")
    without: Texts = Field((), description="No rules of these categories.")
    decode: Switch = Field(
        True, description="Look into disguises, e.g. base64 and look-alike letters; false: the plain text alone."
    )


class PersonalDataSettings(Section):
    """Personal data, masked where the action is rewrite."""

    kinds: tuple[GuardedPersonalKind, ...] = Field(
        ("card", "iban", "phone", "email", "identity"),
        min_length=1,
        description="What is looked for; names only if asked.",
    )


class ClassifierSettings(Section):
    """A small text classifier, in a process of its own."""

    model: Text = Field(
        SECUREVECTOR, description="'securevector', of the extra `guard`; or an ONNX file that classifies text."
    )
    tokenizer: Text | None = Field(None, description="Of an ONNX file; default: tokenizer.json beside it.")
    labels: Texts = Field((), description="Of an ONNX file's outputs, in order; one output needs none.")
    categories: Texts = Field((), description="Only these labels count; default: all but 'benign' and 'safe'.")
    threshold: Share | None = Field(
        None, description="Probability from which it counts; default: the classifier's own, else 0.5."
    )
    seconds: Annotated[Number, Field(gt=0, le=600)] = Field(10.0, description="For one text at most.")


class GuardEndpoint(Endpoint):
    """Where a moderation endpoint is asked; a guard waits less than a trial does."""

    timeout: Annotated[Number, Field(gt=0, le=3600)] = Field(10.0, description="Seconds without a byte.")
    time_limit: Annotated[Number, Field(gt=0, le=86400)] = Field(20.0, description="Seconds for one answer in all.")
    retries: Annotated[int, Field(strict=True, ge=0, le=50)] = Field(
        1, description="How often a request is sent again after a passing failure."
    )


class ModerationSettings(Section):
    """An endpoint that answers /moderations as OpenAI's does.  Texts leave this machine for it, unless it is here."""

    model: Text = Field("omni-moderation-latest", description="The model's name there.")
    endpoint: GuardEndpoint = Field(GuardEndpoint(), description="Where it is asked; the key is from the environment.")
    categories: Texts = Field((), description="Only these categories count, e.g. violence; default: all.")
    threshold: Share | None = Field(
        None, description="Score from which a category counts; default: as the endpoint flags."
    )


class GuardModelSettings(Section):
    """A model that answers whether a text is safe, as Llama Guard does: one of the candidates in ``models``."""

    ask: str = Field("", description="Its candidate's id; may be left out where ``models`` names one alone.")
    categories: Texts = Field((), description="Only these count, e.g. S13; default: all.")
    template: Text | None = Field(
        None,
        description="File with what it is asked; {{categories}}, {{conversation}} and {{role}} are filled in. Default: "
        "our own words in the form of Llama Guard 3.",
    )
    safe: Text = Field("safe", description="The word by which it says that a text is safe.")
    unsafe: Text = Field("unsafe", description="The word by which it says that a text is not.")
    max_tokens: Annotated[Positive, Field(le=4096)] = Field(24, description="That it may write.")


class CivicSettings(Section):
    """Questions about how to vote are answered from official documents that are supplied, or not at all."""

    publishers: Texts = Field((), description="Only documents of these publishers are official; default: all found.")
    cite: Switch = Field(True, description="The answer must cite a passage, as [1], where an archive gives passages.")
    figures: Switch = Field(
        True, description="Every date, time and number of the answer must stand in what was supplied."
    )


class QuoteSettings(Section):
    """How much of what was supplied an answer may repeat."""

    most_words: Positive = Field(50, description="Words of what was supplied that one answer may repeat, in all.")


class LabelSettings(Section):
    """A line that says where a text is from."""

    text: Text = Field("Made by AI", description="The line.")
    when: Literal["always", "publishing"] = Field(
        "always", description="'publishing': only where a text to be published is asked for, e.g. an article or a post."
    )


class Check(Section):
    """One check: exactly one key names its kind; the others say what follows."""

    rules: Annotated[RuleSettings | None, BeforeValidator(_write_out("sets", listed=True))] = None
    personal_data: Annotated[PersonalDataSettings | None, BeforeValidator(_write_out("kinds", listed=True))] = None
    classifier: Annotated[ClassifierSettings | None, BeforeValidator(_write_out("model"))] = None
    moderation: Annotated[ModerationSettings | None, BeforeValidator(_write_out("model"))] = None
    model: Annotated[GuardModelSettings | None, BeforeValidator(_write_out("ask"))] = None
    civic: Annotated[CivicSettings | None, BeforeValidator(_write_out("publishers", listed=True))] = None
    quotes: Annotated[QuoteSettings | None, BeforeValidator(_write_out("most_words"))] = None
    label: Annotated[LabelSettings | None, BeforeValidator(_write_out("text"))] = None
    action: Action | None = Field(None, description="What is done where it finds something.")
    fail: Fail = Field(
        "closed", description="Where the check cannot be made: 'closed' lets nothing through, 'open' lets all through."
    )
    say: Text | None = Field(None, description="What is answered in place of the policy's own words.")

    @model_validator(mode="after")
    def _is_one_check(self) -> Check:
        kinds = [kind for kind in USUAL if getattr(self, kind) is not None]
        if len(kinds) != 1:
            got = f"; got {' and '.join(kinds)}" if kinds else ""
            raise make_problem(f"a check has exactly one of the keys {', '.join(USUAL)}{got}")
        if self.done not in ALLOWED[kinds[0]]:
            told = ", ".join(ALLOWED[kinds[0]])
            raise make_problem(f"the action of {kinds[0]} is one of {told}; got {self.done!r}", "action")
        return self

    @property
    def kind(self) -> str:
        """Which check it is."""
        return next(kind for kind in USUAL if getattr(self, kind) is not None)

    @property
    def done(self) -> Action:
        """What is done where it finds something."""
        return self.action or USUAL[self.kind]


USUAL: Mapping[str, Action] = {
    "rules": "block",
    "personal_data": "rewrite",
    "classifier": "block",
    "moderation": "block",
    "model": "block",
    "civic": "refer",
    "quotes": "rewrite",
    "label": "rewrite",
}
"""Kind of a check to its usual action."""

ALLOWED: Mapping[str, tuple[Action, ...]] = {
    "rules": get_args(Action),
    "personal_data": get_args(Action),
    "classifier": ("pass", "block", "refer"),
    "moderation": ("pass", "block", "refer"),
    "model": ("pass", "block", "refer"),
    "civic": ("pass", "block", "refer"),
    "quotes": ("pass", "block", "rewrite"),
    "label": ("rewrite",),
}
"""Kind of a check to the actions that it may have: what finds no place in a text cannot rewrite it."""

OF_ANSWERS = ("civic", "quotes", "label")
"""Checks of answers alone."""


class Policy(Section):
    """What is checked, in which order, and what is said where something is held back."""

    name: Text = Field("policy", description="For people.")
    refusal: Text = Field("I can't help with that.", description="What is answered where something is blocked.")
    referral: Text = Field(
        "Please ask {authority}.", description="What is answered where it is referred; {authority} is filled in."
    )
    authority: str = Field("", description="Whom to ask, e.g. the election office with its address.")
    stream: Literal["answer", "sentence"] = Field(
        "answer",
        description="'answer': nothing is given before all of it is checked; 'sentence': each sentence when it is.",
    )
    input: tuple[Check, ...] = Field((), description="Checks of the question, in order.")
    output: tuple[Check, ...] = Field((), description="Checks of the answer, in order.")

    @model_validator(mode="after")
    def _checks_something(self) -> Policy:
        if not self.input and not self.output:
            raise make_problem("a policy has checks in 'input', in 'output', or in both; this one has none")
        for i, check in enumerate(self.input):
            if check.kind in OF_ANSWERS:
                raise make_problem(f"{check.kind} is a check of answers: write it under 'output'", "input", i)
        for i, check in enumerate(self.output):
            if check.kind == "civic" and check.fail == "open":
                raise make_problem("civic only fails closed: without a source nothing is told", "output", i)
        refers = [(stage, i) for stage, i, check in self.checks() if check.done == "refer" and check.say is None]
        if refers and "{authority}" in self.referral and not self.authority.strip():
            raise make_problem("a check refers to an authority, and none is named: add 'authority'", *refers[0])
        return self

    def checks(self) -> Iterator[tuple[str, int, Check]]:
        """Yield all checks with their stage and their place in it."""
        for stage in ("input", "output"):
            yield from ((stage, i, check) for i, check in enumerate(getattr(self, stage)))

    @property
    def referred(self) -> str:
        """What is answered where something is referred."""
        return self.referral.replace("{authority}", self.authority)


def _take_path(value: Any, check: ValidatorFunctionWrapHandler) -> Any:
    """Return a path as it is, and what is written out as a policy."""
    return value if isinstance(value, str) and value.strip() else check(value)


def _list_models(value: Any) -> Any:
    return (value,) if isinstance(value, str | Mapping) else value


class Guard(LeverSettings):
    """Settings of the guard lever.  In YAML the policy alone may be written: ``guard: policy.yaml``, or its keys."""

    policy: Annotated[Policy, WrapValidator(_take_path, json_schema_input_type=Text | Policy)] = Field(
        description=f"A file with a policy; '{STANDARD}', which ships with it; or a policy written out."
    )
    models: Annotated[
        tuple[Text | dict[str, Any], ...], BeforeValidator(_list_models), Refers("candidate", unnamed=UNNAMED)
    ] = Field((), description="Candidates that checks of the kind 'model' ask, by their ids or written out.")
    _read: object = PrivateAttr(None)

    @model_validator(mode="before")
    @classmethod
    def _write_out_policy(cls, data: Any) -> Any:
        if not isinstance(data, Mapping) or "policy" in data:
            return data
        own = {key: value for key, value in data.items() if key != "models"}
        return {"policy": own, **{key: value for key, value in data.items() if key == "models"}}

    @classmethod
    def place_files(cls, given: dict[str, Any], place: Callable[[str], str]) -> dict[str, Any]:
        """Return what was written with the files that it names as absolute paths."""
        policy = given.get("policy", {key: value for key, value in given.items() if key != "models"})
        if isinstance(policy, str):
            return {**given, "policy": policy if policy == STANDARD else place(policy)}
        if not isinstance(policy, Mapping):
            return given
        placed = place_policy_files(policy, place)
        return {**given, "policy": placed} if "policy" in given else {**given, **placed}

    @property
    def path(self) -> str:
        """The file with the policy, or the name of one that ships with it; empty if it is written out."""
        named: object = self.policy
        return named if isinstance(named, str) else ""

    def names(self) -> tuple[str, ...]:
        """Return the ids of the candidates that may be asked."""
        return tuple(one if isinstance(one, str) else str(one.get("id", UNNAMED)) for one in self.models)

    @property
    def read(self) -> Any:
        """The policy as it was read when a trial was planned; None before that."""
        return self._read

    def plan_with(self, policy: object) -> None:
        """Keep the policy that a trial is planned with: from then on it is the one that holds."""
        self._read = policy

    def own(self) -> dict[str, Any]:
        """Return nothing: the lever identifies the policy by its content."""
        return {}

    def referred(self, to: To) -> Iterator[tuple[str, Any]]:
        """Yield each candidate that is named; the lever itself identifies the files."""
        return super().referred(to) if to == "candidate" else iter(())


FILES: Mapping[str, tuple[str, ...]] = {
    "rules": ("files",),
    "classifier": ("model", "tokenizer"),
    "model": ("template",),
}
"""Kind of a check to its settings that name files."""


def place_policy_files(policy: Mapping[str, Any], place: Callable[[str], str]) -> dict[str, Any]:
    """Return a policy as it is written, with the files that it names as absolute paths."""

    def placed(kind: str, value: Any) -> Any:
        if kind == "classifier" and isinstance(value, str):
            return value if value == SECUREVECTOR else place(value)
        if not isinstance(value, Mapping):
            return value
        found = dict(value)
        for key in FILES[kind]:
            named = found.get(key)
            if isinstance(named, str) and not (kind == "classifier" and named == SECUREVECTOR):
                found[key] = place(named)
            elif isinstance(named, list | tuple):
                found[key] = [place(one) if isinstance(one, str) else one for one in named]
        return found

    def of_check(check: Any) -> Any:
        if not isinstance(check, Mapping):
            return check
        return {key: placed(key, value) if key in FILES else value for key, value in check.items()}

    stages = {
        stage: [of_check(check) for check in policy[stage]]
        for stage in ("input", "output")
        if isinstance(policy.get(stage), list | tuple)
    }
    return {**policy, **stages}
