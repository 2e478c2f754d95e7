"""Curation beside datatrove's same steps on the same file, and what it finds of what was planted in it.

python -m bench.curate [--rows 100000] [--processes 2] [--peer PYTHON] [--json FILE]
"""
