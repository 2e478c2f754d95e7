"""Documents and conversations to a training set: read, cleaned, judged, free of duplicates, split, with its card.

What a step judges is pure: a row in, a row or the reason for dropping it out.  Everything that is big is streamed:
pieces of the sources are independent jobs, each with files of its own, so that processes and machines share them, a
killed run goes on where it stopped, and the bytes that come out are the same.
"""
