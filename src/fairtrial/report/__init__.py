"""What a trial found, for people and programs: one HTML file, tables, a JSON document.  Reads the ledger only."""
