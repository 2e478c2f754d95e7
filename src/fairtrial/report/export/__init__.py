"""A trial in the forms of other tools."""
