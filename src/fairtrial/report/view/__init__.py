"""Every answer to look at: `gathering` reads a trial's items and answers, `page` makes one HTML file of them.

The files in `page/` are that page: they know the document that `document` describes, and no ledger.
"""
