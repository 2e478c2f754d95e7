"""Documents that were written against their readers: what nobody sees in them, and what looks like instructions."""
