"""Readers of rights signals: bytes, where they stood and when they were seen, to evidence with statements.

`read_signals` is the door for a document, `read_licence` for a licence that a field of it names; `Site` finds the files
that speak for all documents of a folder or host.  What the signals say of each use is in docs/rights-signals.md.
Nothing is fetched.
"""

from fairtrial.rights.readers.documents import SignalFileKind, read_signals
from fairtrial.rights.readers.licences import Credit, read_licence
from fairtrial.rights.readers.place import Place, SignalSource
from fairtrial.rights.readers.sites import SITE_FILES, Site

__all__ = ["SITE_FILES", "Credit", "Place", "SignalFileKind", "SignalSource", "Site", "read_licence", "read_signals"]
