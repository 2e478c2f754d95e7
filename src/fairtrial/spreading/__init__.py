"""Pieces of work that several processes, or the machines of a Ray, do side by side; what comes of them comes in order.

``base`` says what such work is; ``gang`` hands pieces out and takes what comes back; ``hosts`` is where workers are.
Knows no archive and no trial.
"""
