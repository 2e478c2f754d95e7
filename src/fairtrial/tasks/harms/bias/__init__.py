"""Bias: the same question about people of different groups.  See ``docs/harms/bias.md``."""
