"""A guard before and behind a model: a policy of checks on questions and answers, each with what follows from it.

`guard_stream` checks an answer as it comes, for whoever serves one.
"""

from fairtrial.levers.guard.lever import GuardLever as GuardLever
from fairtrial.levers.guard.policy import open_policy as open_policy
from fairtrial.levers.guard.policy import read_policy as read_policy
from fairtrial.levers.guard.streaming import AnswerGuard as AnswerGuard
from fairtrial.levers.guard.streaming import guard_stream as guard_stream
from fairtrial.levers.guard.supplying import look_at_question as look_at_question
