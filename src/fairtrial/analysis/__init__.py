"""Reading the ledger: verdicts, standings, doubts, and how a trial ended.  Writes nothing."""
