"""Graded answers in the logs of other tools and in tables: who was asked what, what came back, how it was graded.

Knows nothing of tasks; `fairtrial.planning.logs` brings the rows of several logs together.
"""
