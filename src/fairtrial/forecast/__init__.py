"""Before anything is spent: how many items, minutes and dollars a trial will probably take."""
