"""Thinking for a set number of tokens before the answer is asked for."""

from fairtrial.levers.think.engine import ThinkEngine as ThinkEngine
from fairtrial.levers.think.lever import ThinkLever as ThinkLever
