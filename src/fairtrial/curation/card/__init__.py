"""The card of a training set: what is in it, by whom, under which rights, and how it was made.

The same facts give the same bytes: no clock, no folder of this machine.
"""
