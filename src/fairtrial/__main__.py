"""The command ``fairtrial``, also as ``python -m fairtrial``."""

import sys

from fairtrial.cli.announce import announce_start
from fairtrial.cli.interrupts import expect_interrupt

expect_interrupt()
announce_start(sys.argv[1:])

from fairtrial.cli.main import main  # noqa: E402 (takes a second or so: after the first line)

__all__ = ["main"]

if __name__ == "__main__":
    main()
