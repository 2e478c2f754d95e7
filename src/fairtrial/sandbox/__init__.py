"""Jinja templates that somebody else wrote, rendered within a fixed amount of work.

Templates of task files, of model files and of mappings over logs are hostile input.  Jinja's sandbox keeps them from
running code; this one keeps them from taking the machine's time and memory, too.
"""

from fairtrial.sandbox.environment import LimitedEnvironment, LimitedTemplate
from fairtrial.sandbox.meter import STEPS, TooMuchWorkError, spend

__all__ = ["STEPS", "LimitedEnvironment", "LimitedTemplate", "TooMuchWorkError", "spend"]
