"""What a guard avoids and what it costs: the same candidate bare and guarded."""

from fairtrial.studies.guarding.study import study_guard as study_guard
from fairtrial.studies.guarding.study import tell_guard as tell_guard
