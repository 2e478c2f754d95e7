"""Tasks: what they are (`base`), our own (`procedural`), those of others (`lmeval`), finding them (`find`), and the
checks that every task passes (`check`).
"""
