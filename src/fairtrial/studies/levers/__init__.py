"""What each lever bought: a base, each lever alone and combinations of them, on the same items."""

from fairtrial.studies.levers.study import study_levers as study_levers
