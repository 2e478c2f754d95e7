"""Graders: how a written answer is judged, found by name; `base` says what all of them have in common."""
