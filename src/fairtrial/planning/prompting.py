"""What can be wrong with candidates' prompts, found before anything is asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fairtrial.errors import SpecError
from fairtrial.planning.base import PlannedCandidate, PlannedTask
from fairtrial.planning.requests import make_requests
from fairtrial.records import Item
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.forms import DRAWN
from fairtrial.spec.functions import asks_for
from fairtrial.tasks.base import Task
from fairtrial.tasks.variants.prompting import LOOKED_AT, find_given_away, read_prompt_template


def check_prompts(candidate: PlannedCandidate, tasks: Sequence[PlannedTask]) -> None:
    """Raise SpecError if a candidate's prompt cannot be written for a task, shows no question, or shows the answer; or
    if what it is given shows as text what a form shows as a picture.
    """
    _check_twins(candidate, tasks)
    spec = candidate.spec  # the prompt of a lever's other candidates is the same
    for task in tasks if spec.prompt else ():
        check_prompt(spec, task.for_candidate(spec), task.items[:LOOKED_AT], task.name)


def _check_twins(candidate: PlannedCandidate, tasks: Sequence[PlannedTask]) -> None:
    """Raise SpecError if a candidate would be given as text what a form shows it as a picture."""
    spec = candidate.spec
    for task in tasks:
        if task.form.partition("-")[0] not in DRAWN or spec.id in task.unasked:
            continue
        where = f"candidate {spec.id!r}, task {task.name}"
        if asks_for(spec.model, "row"):
            raise SpecError(
                f"{where}: its function takes `row`, which has as text what this form shows as a picture.",
                fix="Have it take `prompt` or `messages`.",
            )
        template = read_prompt_template(spec.prompt) if spec.prompt else None
        named = sorted(template.names - {"prompt", "examples"}) if template else []
        if named:
            raise SpecError(
                f"{where}: its prompt names {named[0]!r}, which would show as text what this form shows as a picture.",
                fix="Write {{prompt}}, which has the picture, and words of your own.",
            )


def check_prompt(spec: Candidate, task: Task, items: Sequence[Item], shown: str) -> None:
    """Check the prompt of one candidate on some items of one task; see `check_prompts`."""
    where = f"candidate {spec.id!r}, task {shown}"
    own = set(_list_questions(spec.model_copy(update={"prompt": ""}), task, items))
    written = set(_list_questions(spec, task, items))
    if len(own) > 1 and len(written) == 1:
        raise SpecError(
            f"{where}: its prompt is the same for every item, so that no question is asked.",
            fix="Write {{prompt}} where the task's own prompt belongs.",
        )
    if column := find_given_away(read_prompt_template(spec.prompt), items):
        raise SpecError(
            f"{where}: its prompt shows the column {column!r}, which holds the right answers.",
            fix="Leave that column out.",
        )


def _list_questions(spec: Candidate, task: Task, items: Sequence[Item]) -> Iterable[str]:
    """Return the questions that are asked of some items; none for documents."""
    return [
        prompt.user
        for item in items
        for request in make_requests(task, spec, item)[0]
        for prompt in request.prompts
        if prompt.plain().strip()
    ]
