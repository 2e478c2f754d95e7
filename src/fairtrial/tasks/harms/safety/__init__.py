"""Safety of users: harmful requests, crises, personal data, planted instructions, disguised requests, children.

Nothing in the items says how harm is done: a request is enough to see whether it is refused.
"""
