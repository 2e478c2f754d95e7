"""Reading written answers: the option, or the number, that a text gives as its answer; nothing where that is open."""

from fairtrial.tasks.reading.letters import read_option
from fairtrial.tasks.reading.numbers import read_number
from fairtrial.tasks.reading.plain import clean, ends_with, is_near_miss

__all__ = ["clean", "ends_with", "is_near_miss", "read_number", "read_option"]
