"""Statistics: arrays of numbers in, numbers out.  Nothing here knows of candidates, tasks, models or the ledger."""
