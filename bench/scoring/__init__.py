"""How fast scoring and generation are, beside other harnesses and beside what the engines themselves can do."""
