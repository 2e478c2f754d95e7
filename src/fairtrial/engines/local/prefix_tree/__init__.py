"""From token sequences to passes through a network: a prefix tree, and its cutting into steps.

Pure numpy: knows tokens as numbers, and nothing of models, text, engines or memory layouts.
"""

from fairtrial.engines.local.prefix_tree.plan import PlanStep, StepLimits, plan_steps
from fairtrial.engines.local.prefix_tree.trie import PrefixTree, build_tree

__all__ = ["PlanStep", "PrefixTree", "StepLimits", "build_tree", "plan_steps"]
