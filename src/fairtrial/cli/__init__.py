"""The command line: one verb a file, no logic beyond reading options and printing results."""
