"""Documents with their context and rights: read from files, kept in a store, found by words and by meaning."""
