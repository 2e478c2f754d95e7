"""Servers for tests: a real one that nobody here wrote, and a proxy that spoils what passes through it."""
