"""The project's own tasks with pictures, drawn by code from a seed and graded exactly.

`PICTURES` names them all: task name -> ``module:function``, a function of `TaskOptions` that returns the task.
Cards, levels and words are in `fairtrial.tasks.suites`; each family is answered by choices, or in writing where its
name ends in ``_open``.  `fairtrial.tasks.pictures.training` gives pictures without end to train models on.
"""

OPEN = "_open"
"""Ends the name of the form that is answered in writing."""

_FAMILIES = (
    "charts",
    "counting",
    "differences",
    "documents",
    "gauges",
    "graphs",
    "picture_tables",
    "presence",
    "scene_text",
    "spatial",
)

PICTURES: dict[str, str] = {
    name + ending: f"fairtrial.tasks.pictures.{name}:build_{name}{ending}"
    for name in _FAMILIES
    for ending in ("", OPEN)
}
