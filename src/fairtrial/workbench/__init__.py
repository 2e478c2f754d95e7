"""The workbench: trials and their answers to look at in a browser, live; see docs/workbench.md.

It reads ledgers through `fairtrial.ledger`, `analysis` and `report`, which compute all that it shows.  `findings` and
`columns` say what is computed (in a process of its own, see `workroom`), `pages` and the files beside it make answers
of it, one file a path; `marking` and `starting` are all that writes.
"""
