"""Workers: processes of this machine, threads, or actors of a Ray that are given one thing after another to do.

``base`` says what a worker is, what it does and how it is lost; ``processes`` (with ``serving`` at the other end of two
pipes), ``threads`` and ``ray`` (with ``actor``) are where workers live.  Knows nothing of what they do.
"""
