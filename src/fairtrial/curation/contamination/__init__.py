"""Whether a text holds an item of a benchmark."""
