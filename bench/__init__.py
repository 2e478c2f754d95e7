"""Benchmarks: side by side with peers, and against known truths.  Not part of the installed package."""
