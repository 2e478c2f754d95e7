"""A task's questions as a candidate's own template writes them.

The template stands for the question alone: the task's description and its few-shot examples come before it, and what
the task begins of the answer comes after it, whether they are running text or turns of a chat.  Items and grades stay
the task's own, so that candidates with different prompts are paired item by item.

Templates run in the sandbox: a trial file may come from somebody else.  Knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, UndefinedError, meta, nodes

from fairtrial.errors import SpecError, did_you_mean
from fairtrial.records import GenerateRequest, Item, Prompt, Request, place_images, render_messages
from fairtrial.records.content import PLACEHOLDER
from fairtrial.sandbox import LimitedEnvironment

OWN = ("prompt", "examples", "question", "choices", "row")
"""What a template may name beside the columns of a row."""

LOOKED_AT = 40
"""Items that are looked at before a trial begins."""

_ENVIRONMENT = LimitedEnvironment(undefined=StrictUndefined)
del _ENVIRONMENT.filters["random"]  # prompts are the same every time


class PromptTemplate:
    """A template that writes questions.

    Attributes:
        names: what it names: ``prompt`` (the task's own question), ``examples`` (its few-shot examples as running text;
            where a template names them they are no turns of their own), ``question`` and ``choices`` of the item, the
            columns of its row, and ``row``, which has them all.
        uses_whole_row: whether it uses ``row`` other than by the name of a column.

    Raises SpecError if the source is no template.
    """

    def __init__(self, source: str) -> None:
        try:
            tree = _ENVIRONMENT.parse(source)
            self._template = _ENVIRONMENT.from_string(source)
        except TemplateSyntaxError as error:
            raise SpecError(f"the prompt is no template: {error.message} (its line {error.lineno}).") from error
        except TemplateError as error:
            raise SpecError(f"the prompt is no template: {error}.") from error
        looked_up = list(_find_row_columns(tree))
        self.names = frozenset(meta.find_undeclared_variables(tree)) | {*looked_up}
        rows = sum(found.name == "row" and found.ctx == "load" for found in tree.find_all(nodes.Name))
        methods = [a for a in tree.find_all(nodes.Getattr) if _is_row(a.node) and hasattr(dict, a.attr)]  # row.values()
        self.uses_whole_row = bool(methods) or rows > len(looked_up)

    def apply(self, request: Request, item: Item, hidden: Collection[str] | None = ()) -> Request:
        """Return a request with its question written by the template; a document, which has no question, as it is.

        Args:
            request: what the task asks.
            item: the item that it asks about.
            hidden: columns of expected answers, which the template does not see; None if they cannot be told.

        Raises SpecError if the row lacks what the template names, if the template might show the expected answer, or
        nothing comes of it.
        """
        item = self._hide(item, hidden)
        if isinstance(request, GenerateRequest):
            return replace(request, prompt=self._write(request.prompt, item))
        if request.rolling:
            return request
        written: dict[Prompt, Prompt] = {}
        for prompt in request.prompts:
            written[prompt] = self._write(prompt, item) if prompt.plain().strip() else prompt
        return replace(request, pairs=tuple(replace(pair, prompt=written[pair.prompt]) for pair in request.pairs))

    def _hide(self, item: Item, hidden: Collection[str] | None) -> Item:
        """Return an item whose row lacks the hidden columns."""
        if not hidden:
            if self.uses_whole_row and item.gold:
                raise SpecError(
                    "the prompt uses `row` as a whole, which may show the right answer: which columns hold it "
                    "cannot be told.",
                    fix="Name the columns: {{row.column}}.",
                )
            return item
        kept = {name: value for name, value in item.data.items() if name not in hidden or _offers(value, item.choices)}
        for name in sorted(self.names - {*OWN, *kept}):
            if name in item.data:
                raise SpecError(
                    f"the prompt names the column {name!r}, which candidates do not see: it holds right answers or "
                    "what grades them, or is the rows' own id.",
                    fix="Leave that column out.",
                )
        return replace(item, data=kept)

    def _write(self, prompt: Prompt, item: Item) -> Prompt:
        examples = prompt.examples if "examples" in self.names else ()
        row = {name: "" if value is None else value for name, value in item.data.items()}  # no word "None" in a prompt
        own = {"row": row, "prompt": prompt.user, "examples": render_messages(examples)}
        values = {"question": item.question, "choices": list(item.choices), **row, **own}
        try:
            text = self._template.render(values)
        except UndefinedError as error:
            raise self._make_missing(item.data, error) from error
        except TemplateError as error:
            raise SpecError(f"the prompt cannot be written: {str(error).rstrip('.')}.") from error
        if not text.strip():
            raise SpecError("the prompt is empty.", fix="Write {{prompt}} where the task's own prompt belongs.")
        images = [image for message in (*examples, prompt.question) for image in message.images]
        if images and PLACEHOLDER not in text:
            text = f"{PLACEHOLDER}\n" * len(images) + text
        try:
            parts = place_images(text, images)
        except ValueError as error:
            raise SpecError(
                f"the prompt does not show the item's images: {error}.", fix="Write {{prompt}}, which holds them."
            ) from error
        return Prompt(parts, prompt.system, prompt.assistant, () if "examples" in self.names else prompt.examples)

    def _make_missing(self, row: Mapping[str, Any], error: UndefinedError) -> SpecError:
        known = [*OWN, *row]
        absent = sorted(self.names - {*known, "range", "dict", "namespace", "cycler", "joiner"})
        if not absent:
            return SpecError(f"the prompt names something that is not there: {error}.")
        near = did_you_mean(absent[0], known)
        shown = ", ".join(known[:20]) + (", …" if len(known) > 20 else "")
        return SpecError(f"the prompt names {absent[0]!r}, which this task's rows lack.{near} There are: {shown}.")


@lru_cache(maxsize=64)
def read_prompt_template(source: str) -> PromptTemplate:
    """Return the template of a source, compiled once.  Raises SpecError if it is none."""
    return PromptTemplate(source)


def find_given_away(template: PromptTemplate, items: Iterable[Item]) -> str:
    """Return a column that the template shows and that holds the right answer of every item; empty if none does."""
    seen = list(items)
    columns = sorted(template.names - {*OWN})
    return next((name for name in columns if len(seen) > 1 and all(_is_gold(item, name) for item in seen)), "")


def _offers(value: object, choices: Collection[str]) -> bool:
    """Return whether a column's value is a list of all options, so that it does not give the right one away."""
    if not choices or not isinstance(value, list | dict):
        return False
    parts = [value] if isinstance(value, list) else [part for part in value.values() if isinstance(part, list)]
    return any({*choices} <= {str(one) for one in part} for part in parts)


def _is_gold(item: Item, column: str) -> bool:
    value = item.data.get(column)
    if not item.gold or isinstance(value, list | dict | bool | None):
        return False
    right = {item.choices.index(text) for text in item.gold if text in item.choices}
    letters = {chr(ord("A") + at) for at in right}
    text = str(value).strip()
    return text in {gold.strip() for gold in item.gold} or value in right or text.strip("().").upper() in letters


def _find_row_columns(tree: nodes.Template) -> Iterable[str]:
    """Yield the columns that a template names as ``row.column`` or ``row["column"]``."""
    looked_up: list[tuple[nodes.Node, object]] = [(found.node, found.attr) for found in tree.find_all(nodes.Getattr)]
    looked_up += [(found.node, getattr(found.arg, "value", None)) for found in tree.find_all(nodes.Getitem)]
    for node, column in looked_up:
        if _is_row(node) and isinstance(column, str):
            yield column


def _is_row(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Name) and node.name == "row"
