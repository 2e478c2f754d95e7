"""A text as a rule reads it: folded, and with what it is disguised as taken off."""
