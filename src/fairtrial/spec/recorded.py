"""How recorded answers are read: the format of a log, or which parts of its rows are the question and the answer.

Knows what may be written; `fairtrial.recorded` reads the files.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from fairtrial.spec.section import Named, Section, problem

Format = Annotated[str, Named("importer", ("auto", "lm-eval", "inspect", "helm", "promptfoo", "table"))]


class Recorded(Section):
    """How to read the recorded answers of an ``import:`` candidate.

    In YAML a bare text is short for the format, or the path of a YAML file that says all this.
    """

    format: Format = Field("auto", description="Whose log it is; 'table' is any JSON, JSONL or CSV with a mapping.")
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

    @model_validator(mode="after")
    def _tables_are_mapped(self) -> Recorded:
        if self.format == "table" and not (self.answer and (self.key or self.join != "question")):
            raise problem("a table needs key (the question) and answer: which columns of a row they are")
        if (self.join == "id") != bool(self.id):
            raise problem("'join: id' and 'id: COLUMN' belong together", "join" if self.join == "id" else "id")
        if self.item and self.join != "id":
            raise problem("item goes with 'join: id'", "item")
        if self.format not in ("table", "auto") and self.rows:
            raise problem(f"rows is for tables; format is {self.format!r}", "rows")
        if self.format == "lm-eval" and (self.key or self.answer):
            raise problem("key and answer are not for lm-eval, whose rows hold the very requests and answers")
        return self


def format_key(value: object) -> str:
    """Return an id as text: a whole number alike, whether a log or a data set wrote it as 7, 7.0 or "7"."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def in_short(given: Any) -> Any:
    """Return the settings for what was written in short: a format's name."""
    return {"format": given} if isinstance(given, str) else given


RecordedSettings = Annotated[Recorded, BeforeValidator(in_short, json_schema_input_type=Format | Recorded)]
"""What a candidate says after ``recorded:``."""
