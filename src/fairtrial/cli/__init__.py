"""The command line: one verb a file, no logic beyond reading options and printing results."""

from fairtrial.cli.main import main

__all__ = ["main"]
