"""Which of the passages that a model is shown do not agree: versions of one article, and contradictions.  Pure."""

from fairtrial.levers.retrieve.relations.contradicting import find_contradictions as find_contradictions
from fairtrial.levers.retrieve.relations.voices import Voice as Voice
from fairtrial.levers.retrieve.relations.voices import find_earlier_versions as find_earlier_versions
