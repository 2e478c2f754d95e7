"""Writes the task entry to grow from: what was recognised in a file, as keys that can be changed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import yaml

from fairtrial.tasks.own.saying import describe_source
from fairtrial.tasks.own.source import OwnSource

_WIDTH = 110


def write_entry(source: OwnSource, path: str) -> str:
    """Return the YAML lines of a trial's tasks: one entry with all that was recognised, and comments.

    Args:
        source: the file as it was read.
        path: as the trial file shall name it.
    """
    lines = [*_wrap(f"Recognised: {describe_source(source)}."), "tasks:", f"  - file: {_quote(path)}"]
    lines += [f"    {line}" for line in (*_write_columns(source), *_write_asking(source), *_write_more(source))]
    return "\n".join(lines) + "\n"


def _write_columns(source: OwnSource) -> Iterator[str]:
    columns = source.columns
    if source.asking.template:
        yield f"prompt: {_quote(source.asking.template)}"
    for key in ("question", "context"):
        if name := getattr(columns, key):
            yield f"{key}: {_quote(name)}"
    if columns.images:
        yield f"image: {_quote(columns.images[0]) if len(columns.images) == 1 else _quote_list(columns.images)}"
    if columns.options:
        yield f"choices: {_quote_list(columns.options)}"
    elif columns.listed:
        yield f"choices: {_quote(columns.listed)}    # a column of lists"
    elif columns.fixed:
        yield f"choices: {_quote_list(columns.fixed)}"
    elif columns.wrong:
        yield f"# choices: the right answer beside {', '.join(columns.wrong)}"
    if columns.answers:
        golds = source.questions.golds
        name = golds.column if golds else columns.answers[0]
        told = {"loose-texts": "texts"}.get(golds.way, golds.way) if golds else ""
        said = f"{{column: {_quote(name)}, read_as: {told}}}" if told in _TOLD else _quote(name)
        yield f"answer: {said}"
    for key in ("item", "cluster"):
        if name := getattr(columns, key):
            yield f"{key}: {_quote(name)}"


_TOLD = ("letters", "texts", "from-0", "from-1")


def _write_asking(source: OwnSource) -> Iterator[str]:
    if source.has_choices:
        yield "# ask: texts      # the likelihoods of the options' texts; needs scores of the model's tokens"
        yield "# ask: letter     # options are shown, and the model writes a letter; works with every model"
        return
    written = [dict(one) for one in source.written]
    yield f"grade: {yaml.safe_dump(written, default_flow_style=True, allow_unicode=True, width=10_000).strip()}"


def _write_more(source: OwnSource) -> Iterator[str]:
    if not source.asking.template:
        example = source.columns.question or source.table.columns[0]
        yield f"# prompt: {_quote('Answer this: {{' + example + '}}')}    # your own words around columns"
    yield "# limit: 100      # ask only so many rows, drawn at random"
    yield "# shots: 3        # rows shown as examples; they are not asked"
    if source.unused:
        yield f"# cluster: {_quote(source.unused[0])}    # rows with one value belong together, e.g. one document"
        yield f"# group: {_quote(source.unused[0])}      # a task of its own for each value"


def _wrap(text: str) -> list[str]:
    """Return a text as lines of comments."""
    lines, line = [], "#"
    for word in " ".join(text.split()).split(" "):
        if len(line) + len(word) >= _WIDTH:
            lines.append(line)
            line = "#  "
        line += f" {word}"
    return [*lines, line]


def _quote(text: str) -> str:
    """Return a text as YAML writes it on one line."""
    if "\n" in text:
        return json.dumps(text, ensure_ascii=False)
    return yaml.safe_dump([text], default_flow_style=True, allow_unicode=True, width=10_000).strip()[1:-1]


def _quote_list(texts: Sequence[str]) -> str:
    return f"[{', '.join(map(_quote, texts))}]"
