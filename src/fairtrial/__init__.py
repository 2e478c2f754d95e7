"""Give every AI model a fair trial."""

from importlib.metadata import version

__version__ = version("fairtrial")
