"""Python functions that somebody else wrote, within rules: what may stand in their source, and what it can reach.

`policy` decides from the source alone, before anything runs; `guards` holds what the code finds when it runs, which is
in a process of its own with limits (`fairtrial.sandbox.limits`).
"""
