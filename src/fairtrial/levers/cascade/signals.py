"""How sure a model is of its own answer, as a number from 0 to 1.  Pure; knows requests and answers only.

Choices: the probability of the likeliest one among those offered (softmax of their log-probabilities).  Text: the
geometric mean of the probabilities of its tokens, or the share of further samples that end in the same answer.
None of them looks at the right answer; a request that holds nothing but the right answer has no signal.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from fairtrial.errors import CapabilityError
from fairtrial.records import GenerateAnswer, Request, ScoreAnswer, ScoreRequest

MARKS = re.compile(r"(?:answer is|answer:|####|\\boxed)", re.IGNORECASE)
"""What stands before the answer where a text reasons first; the last one counts."""


def explain_no_signal(request: Request) -> str:
    """Return why the answer to a request has no signal; empty if it has one."""
    if not isinstance(request, ScoreRequest):
        return ""
    if request.rolling:
        return "a document that is scored is no answer"
    if len(request.pairs) < 2:
        return "the only continuation to be scored is the right answer, so that nothing is chosen"
    return ""


def measure_choices(request: ScoreRequest, answer: ScoreAnswer) -> float:
    """Return the probability of the likeliest continuation among those offered; 0 if all are impossible.

    Continuations that are scored for comparison without any prompt are not offered.
    """
    asked = [i for i, pair in enumerate(request.pairs) if pair.prompt.plain()]
    values = [answer.logprobs[i] for i in asked] or list(answer.logprobs)
    best = max(values)
    if best == -math.inf:
        return 0.0
    return 1.0 / sum(math.exp(value - best) for value in values)


def measure_text_probability(answer: GenerateAnswer) -> float:
    """Return the geometric mean of the probabilities of the text's tokens; 0 where there is no answer.

    Raises CapabilityError if the engine does not tell them.
    """
    if is_without_answer(answer) or (answer.logprob is None and not (answer.text and answer.tokens)):
        return 0.0
    if answer.logprob is None:
        raise CapabilityError(
            "the smaller model's engine gives no log-probabilities of its own text, which this cascade needs.",
            fix="Use the signal self_agreement.",
        )
    return min(1.0, math.exp(answer.logprob / max(1, answer.logprob_tokens or answer.tokens)))


def measure_agreement(answer: GenerateAnswer, samples: Sequence[GenerateAnswer], pattern: str) -> float:
    """Return the share of the samples that end in the answer's own final answer; 0 where there is no answer."""
    if is_without_answer(answer):
        return 0.0
    own = find_final_answer(answer.text, pattern)
    said = [find_final_answer(sample.text, pattern) for sample in samples if not is_without_answer(sample)]
    return said.count(own) / len(samples)


def is_without_answer(answer: GenerateAnswer) -> bool:
    """Return whether there is no answer to be sure of: cut off while still reasoning, or refused."""
    return answer.unfinished or answer.finish == "refused"


def find_final_answer(text: str, pattern: str = "") -> str:
    """Return what a text answers in the end, for comparison.

    With a pattern, its last match (the last group that took part).  Else what follows the last mark such as "the
    answer is", up to the end of its line; else the whole text.  Upper case, punctuation and white space don't count.
    """
    if pattern:
        found = [match for match in re.finditer(pattern, text)]
        part = found[-1][found[-1].lastindex or 0] if found else ""
    else:
        marks = list(MARKS.finditer(text))
        part = text[marks[-1].end() :].strip().partition("\n")[0] if marks else text
    return re.sub(r"[\W_]+", " ", part).strip().casefold()
