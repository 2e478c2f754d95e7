"""Readers of documents: `read_documents` gives those of a file or folder, and names what cannot be read.

One file a format.  Each gives drafts; `finishing` cleans what they found and makes documents of it, alike for all.
"""

from fairtrial.archive.readers.found import FoundDocument, Refused
from fairtrial.archive.readers.reading import read_documents

__all__ = ["FoundDocument", "Refused", "read_documents"]
