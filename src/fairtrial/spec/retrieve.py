"""The settings of the retrieve lever: where sources are searched, under which rights, and how they may be used.

Knows what may be written; what the lever does is in `fairtrial.levers.retrieve`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, model_validator

from fairtrial.errors import FairtrialError, did_you_mean
from fairtrial.rights import Circumstances, OperatorClass, Profile
from fairtrial.rights.circumstances import check_territory
from fairtrial.spec.endpoint import Endpoint
from fairtrial.spec.references import LeverSettings, Refers
from fairtrial.spec.section import Number, Positive, Section, Switch, Text, Texts, make_problem

NOW = "now"
ABSTENTION = "The archive does not say."
"""What stands for an answer where there is too little evidence."""


def read_moment(value: Any) -> str:
    """Return ``now`` or a moment as ISO 8601 with a time zone; of a day its beginning, in UTC."""
    if value == NOW:
        return NOW
    try:
        if isinstance(value, str):
            value = date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)
        if isinstance(value, date) and not isinstance(value, datetime):
            value = datetime.combine(value, time.min)
        moment: datetime = value if value.tzinfo else value.replace(tzinfo=UTC)
        return moment.isoformat()
    except (ValueError, AttributeError):
        pass
    raise make_problem(f"at must be 'now' or a date as YYYY-MM-DD, or with a time; got {value!r}")


def _write_out_abstention(value: Any) -> Any:
    return {"least_score": value} if isinstance(value, int | float) and not isinstance(value, bool) else value


def check_operator(value: Any) -> Any:
    """Return an operator, or an empty text; raise pydantic's error with what is allowed for anything else."""
    known = get_args(OperatorClass)
    if value == "" or value in known:
        return value
    near = did_you_mean(value, known) if isinstance(value, str) else ""
    raise make_problem(f"operator {str(value)[:40]!r} does not exist.{near} Operators: {', '.join(known)}")


def check_place(value: str) -> str:
    """Return a territory, or an empty text; raise pydantic's error for what is no ISO 3166-1 alpha-2 code."""
    try:
        return check_territory(value) if value else value
    except FairtrialError as error:
        raise make_problem(f"{error.message} {error.fix}".strip().removesuffix(".")) from None


class Abstain(Section):
    """When no answer is given for lack of evidence, and what stands in its place."""

    least_score: Number | None = Field(
        None, description="The best passage must reach this score, on the scale of the search that ranks."
    )
    words: Text = Field(ABSTENTION, description="What is answered instead; the model is told to write the same.")
    ask: Switch = Field(False, description="Ask the model even if no passage was found.")


class Retrieve(LeverSettings):
    """Settings of the retrieve lever.  In YAML the archive alone may be written, as in ``retrieve: news.db``."""

    archive: Annotated[Text, Refers("archive")] = Field(
        description="The archive to search: a file that `fairtrial archive add` makes, or postgresql://..."
    )
    k: Annotated[Positive, Field(le=100)] = Field(6, description="Passages at most.")
    passages: Literal["search", "oracle", "distractors"] = Field(
        "search",
        description="'oracle' gives what the task says should be found; 'distractors' what is found beside that.",
    )
    embed: Text = Field("none", description="Also search by meaning, with this embedder; 'none': by words alone.")
    rerank: Text = Field("none", description="Rerank the best passages with this reranker, e.g. 'small'.")
    legs: Literal["auto", "words", "vectors", "both"] = Field(
        "auto", description="What is searched by; 'auto': by words, and with an embedder by meaning too."
    )
    per_document: Annotated[int, Field(ge=0, le=100)] = Field(
        0, description="Passages of one document at most, e.g. 1; 0: any number."
    )
    endpoint: Endpoint = Field(Endpoint(), description="Where a hosted embedder is asked.")
    profile: Profile | Literal[""] = Field(
        "", description="What may be used where nobody said anything of it; default: as the archive was filled."
    )
    territory: Annotated[str, AfterValidator(check_place)] = Field(
        "",
        description="Where it is used, ISO 3166-1, e.g. DE; default: as the archive was filled.",
        json_schema_extra={"pattern": "^([A-Z]{2})?$"},  # for editors; our own check says more
    )
    operator: Annotated[OperatorClass | Literal[""], BeforeValidator(check_operator)] = Field(
        "", description="Who uses it; default: as the archive was filled."
    )
    proofs: Mapping[Text, Text] = Field(
        {},
        description="What shows that something was paid or accepted: licence or address of terms to a reference; "
        "default: as the archive was filled.",
    )
    reporting: Texts = Field(
        (), description="Profiles of reporting that the operator meets; default: as the archive was filled."
    )
    at: Annotated[str, BeforeValidator(read_moment)] = Field(
        NOW,
        description="A past moment: only what was published by then and might be used then is found; what may not be "
        "used now is never used.",
    )
    sections: Texts = Field((), description="Only documents of these sections.")
    languages: Texts = Field((), description="Only documents in these languages, e.g. en.")
    labels: Texts = Field((), description="Only documents with these labels, e.g. news.")
    retracted: Switch = Field(False, description="Whether retracted documents are used, marked as such.")
    images: Switch = Field(True, description="Whether a model that sees is shown pictures that were found.")
    quotes: Literal["cut", "withhold", "mark"] = Field(
        "cut",
        description="What is done to quotations that the passages do not hold: taken out, the whole answer withheld, "
        "or marked. Words beyond a licence are cut, or the answer withheld.",
    )
    injected: Literal["note", "strip", "plain"] = Field(
        "note",
        description="What is done about words of an archive that look like instructions to a model: 'note' quotes all "
        "passages and says which have such words, 'strip' also leaves out these sentences, 'plain' does nothing: for "
        "measuring what the others are worth.",
    )
    max_words: Positive | None = Field(
        None, description="Words of one document that an answer may repeat, beside what its licence says."
    )
    abstain: Annotated[Abstain, BeforeValidator(_write_out_abstention)] = Field(
        Abstain(), description="When no answer is given for lack of evidence."
    )
    template: Text | None = Field(
        None,
        description="What stands before the question, a template: {{passages}} with number, text, publisher, title, "
        "date, label, corrections, retracted, notes, url; {{written}}, {{abstention}}, {{quoted}}.",
    )
    _read: datetime = PrivateAttr(default_factory=lambda: datetime.now(UTC))
    _planned: str = PrivateAttr("")
    _circumstances: str = PrivateAttr("")
    _told: Mapping[str, object] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _circumstances_are_right(self) -> Retrieve:
        try:
            Circumstances(self.read, self.territory, self.operator)
        except FairtrialError as error:
            raise make_problem(f"{error.message} {error.fix}".strip().removesuffix("."), "territory") from None
        if self.moment is not None and self.moment > self.read:
            raise make_problem(f"at lies in the future ({self.at}); nothing may be used before its time", "at")
        return self

    @model_validator(mode="after")
    def _vectors_need_an_embedder(self) -> Retrieve:
        if self.legs in ("vectors", "both") and self.embed == "none":
            raise make_problem(f"legs: {self.legs} needs vectors: add an embedder, e.g. 'embed: small'", "legs")
        return self

    @property
    def moment(self) -> datetime | None:
        """The past moment as of which is searched; None: the present one."""
        return None if self.at == NOW else datetime.fromisoformat(self.at)

    @property
    def read(self) -> datetime:
        """When these settings were read: the present as a trial was planned."""
        return self._read

    @property
    def planned(self) -> str:
        """Fingerprint of the archive as a trial was planned with it; empty before that."""
        return self._planned

    @property
    def circumstances(self) -> str:
        """Hash of the circumstances in which rights were decided as a trial was planned; empty before that."""
        return self._circumstances

    @property
    def told(self) -> Mapping[str, object]:
        """What the candidate's record tells of the archive and the circumstances; empty before that."""
        return self._told

    def plan_with(self, fingerprint: str, circumstances: str, told: Mapping[str, object]) -> None:
        """Note the archive that a trial is planned with, and the circumstances: others are an error from then on."""
        self._planned, self._circumstances, self._told = fingerprint, circumstances, told
