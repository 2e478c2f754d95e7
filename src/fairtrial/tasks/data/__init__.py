"""Rows of benchmarks: which files are meant, opening them within limits, and what stands in them."""
