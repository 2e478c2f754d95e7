"""From a trial's specification to a plan: what is asked of whom."""
