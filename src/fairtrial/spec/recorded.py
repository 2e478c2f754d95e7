"""How recorded answers are read: the format of a log, or which parts of its rows are the question and the answer.

Knows what may be written; `fairtrial.recorded` reads the files.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from fairtrial.spec.section import Named, Number, Section, Switch, make_problem

LogFormat = Annotated[str, Named("importer", ("auto", "lm-eval", "inspect", "helm", "promptfoo", "table"))]


class Recorded(Section):
    """How to read the recorded answers of an ``import:`` candidate.

    In YAML a bare text is short for the format, or the path of a YAML file that says all this.
    """

    format: LogFormat = Field("auto", description="Whose log it is; 'table' is any JSON, JSONL or CSV with a mapping.")
    rows: str = Field("", description="Where the rows are in a JSON file: keys with dots, e.g. data.outputs.")
    key: str = Field(
        "",
        description="The question, or the whole prompt: a column, keys with dots, or a template such as "
        "'{{passage}} {{question}}'; default: where the format has it.",
    )
    answer: str = Field(
        "", description="The answer: a column, keys with dots, or a template; default: where the format has it."
    )
    join: Literal["question", "id", "row"] = Field(
        "question",
        description="By what an item and its answer come together: what was asked; an id that the log and the task's "
        "rows have; or the number of the row, where log and task have as many in the same order.",
    )
    id: str = Field("", description="With 'join: id': the log's column with the id (keys with dots).")
    item: str = Field(
        "",
        description="With 'join: id': the task's column with it; default: the same name; doc_id is the item's number.",
    )
    only: dict[str, str | int | float | bool] = Field(
        {}, description="Rows that count: column (keys with dots) and the value that it must have, e.g. {model: gpt-4}."
    )

    score: str = Field(
        "", description="With plain grades: the column that holds this candidate's grade of each item; needs id."
    )
    measure: str = Field("", description="With score: what the grades are called; default: score.")
    cluster: str = Field(
        "",
        description="The column (of a log: of the task's rows) that names what several items share, for `log:` tasks.",
    )
    scale: tuple[Number, Number] | None = Field(
        None, description="With score: smallest and largest possible grade, e.g. [1, 5]; default: by the grades seen."
    )
    lower_is_better: Switch = Field(False, description="With score: whether less is better.")

    @model_serializer(mode="wrap")
    def _what_is_written(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what says nothing of grades and clusters: candidates without keep their identity."""
        document: dict[str, Any] = write(self)
        for name in ("score", "cluster", *_OF_GRADES):
            if name in document and document[name] == type(self).model_fields[name].default:
                document.pop(name)
        return document

    @model_validator(mode="after")
    def _grades_have_items(self) -> Recorded:
        if not self.score:
            if given := next((name for name in _OF_GRADES if name in self.model_fields_set), None):
                raise make_problem(f"{given} goes with score, the column of plain grades", given)
            return self
        if not self.id:
            raise make_problem("plain grades need id: the column that names the item", "score")
        if self.format not in ("auto", "table") or self.join != "question" or self.key:
            raise make_problem("plain grades are those of a table: leave format, join and key out", "score")
        if self.scale and not self.scale[0] < self.scale[1]:
            raise make_problem(f"a scale goes from less to more; got {list(self.scale)}", "scale")
        return self

    @model_validator(mode="after")
    def _tables_are_mapped(self) -> Recorded:
        if self.score:
            return self
        if self.format == "table" and not (self.answer and (self.key or self.join != "question")):
            raise make_problem("a table needs key (the question) and answer: which columns of a row they are")
        if (self.join == "id") != bool(self.id):
            raise make_problem("'join: id' and 'id: COLUMN' belong together", "join" if self.join == "id" else "id")
        if self.item and self.join != "id":
            raise make_problem("item goes with 'join: id'", "item")
        if self.format not in ("table", "auto") and self.rows:
            raise make_problem(f"rows is for tables; format is {self.format!r}", "rows")
        if self.format == "lm-eval" and (self.key or self.answer):
            raise make_problem("key and answer are not for lm-eval, whose rows hold the very requests and answers")
        return self


_OF_GRADES = ("measure", "scale", "lower_is_better")


def format_key(value: object) -> str:
    """Return an id as text: a whole number alike, whether a log or a data set wrote it as 7, 7.0 or "7"."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def in_short(given: Any) -> Any:
    """Return the settings for what was written in short: a format's name."""
    return {"format": given} if isinstance(given, str) else given


RecordedSettings = Annotated[Recorded, BeforeValidator(in_short, json_schema_input_type=LogFormat | Recorded)]
"""What a candidate says after ``recorded:``."""
