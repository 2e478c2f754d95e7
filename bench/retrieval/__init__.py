"""Search of archives: how good against other libraries, and how quick at which size."""
