"""The news archive of an invented town: articles with rights and context from a seed, and questions with known answers.

`NEWSROOM` names the task: task name -> ``module:function``, a function of `TaskOptions` that returns it.
"""

NEWSROOM: dict[str, str] = {"newsroom": "fairtrial.tasks.newsroom.task:build_newsroom_task"}

DESCRIPTION = (
    "Questions about the news archive of an invented town, which `fairtrial archive example` writes as files: told "
    "by one article or two, corrected, contradicted, told by satire alone, or not to be told. Answered in writing."
)
