"""Pieces of work that several processes, or the machines of a Ray, do side by side; what comes of them comes in order.

``base`` says what such work is; ``channels`` and ``gang`` hand pieces out and take what comes back; ``threads``,
``processes`` and ``ray`` are where workers live, and ``worker`` is the other end.  Knows no archive and no trial.
"""
