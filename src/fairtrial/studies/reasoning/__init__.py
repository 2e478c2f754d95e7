"""What a token of thinking buys: accuracy against generated tokens, and claims about it."""

from fairtrial.studies.reasoning.study import study_reasoning as study_reasoning
