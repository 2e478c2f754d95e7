"""What ``fairtrial tasks --why NAME`` prints."""

from __future__ import annotations

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from fairtrial.pages.showing import make_inline
from fairtrial.tasks.explaining import SharedReason, TaskExplanation

_SHOWN = 12
_NAMED = 3


def print_explanation(told: TaskExplanation, console: Console) -> None:
    """Print whether the tasks of a name can be asked, what stands against the others, and what would help."""
    console.print(_make_heading(told))
    for one in told.reasons[:_SHOWN]:
        console.print()
        console.print(Text(make_inline(_name_reason(one)), style="bold"))
        for line in _list_lines(one, told.tasks == 1):
            console.print(Padding(Text(make_inline(line)), (0, 0, 0, 2)))
    if len(told.reasons) > _SHOWN:
        console.print(f"\nand {len(told.reasons) - _SHOWN} more reasons; --json lists them all.")
    if fixes := dict.fromkeys(one.reason.fix for one in told.reasons[:_SHOWN] if one.reason.fix):
        console.print()
        for fix in fixes:
            console.print(Text(make_inline(fix)))
    for task, metrics in [*told.left_out.items()][:_NAMED]:
        text = f"{task}: not computed: {', '.join(metrics)} (the aggregation is Python code that does not run)."
        console.print(Text(make_inline(text)), style="dim")
    if len(told.left_out) > _NAMED:
        console.print(Text(f"So are metrics of {len(told.left_out) - _NAMED} more tasks."), style="dim")


def _make_heading(told: TaskExplanation) -> Text:
    count, refused = len(told.accepted), told.tasks - len(told.accepted)
    if told.tasks == 1:
        return Text(make_inline(f"{told.name} can be asked." if count else f"{told.name} cannot be asked:"))
    text = f"{told.name}: {count:,} of {told.tasks:,} tasks can be asked."
    if of_code := told.only_code:
        who = "The others lack" if of_code == refused else f"Of the other {refused:,}, {of_code:,} lack"
        text += f" {who} nothing but Python code that does not run."
    return Text(make_inline(text))


def _name_reason(one: SharedReason) -> str:
    reason = one.reason
    kind = "Python function " if reason.kind == "function" and reason.what else ""
    return f"{reason.key or 'the file'}: {kind}{reason.what}".rstrip(": ")


def _list_lines(one: SharedReason, single: bool) -> list[str]:
    reason = one.reason
    place = reason.where.rpartition("site-packages/")[2]
    lines = [reason.message, f"{'at' if single else 'first at'} {place}" if "/" in place else ""]
    if not single:
        more = f" and {len(one.tasks) - _NAMED:,} more" if len(one.tasks) > _NAMED else ""
        alone = f"; {one.alone:,} of them lack nothing else" if one.alone else ""
        tasks = "task" if len(one.tasks) == 1 else "tasks"
        lines.append(f"{len(one.tasks):,} {tasks}: {', '.join(one.tasks[:_NAMED])}{more}{alone}.")
    return [line for line in lines if line]
