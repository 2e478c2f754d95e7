"""Fuzzers: one file a reader, all through `fuzz.bounded`."""
