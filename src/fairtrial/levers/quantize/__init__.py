"""The quantize lever: rewrite a GGUF model's weights with fewer bits, by llama.cpp's own quantiser.

    levers: [{quantize: q4_k_m}]
    levers: [{quantize: {type: iq2_xs, calibrate: text.txt}}]

The result is kept in the cache under the parent's hash, the type, the importance matrix and the library's version, and
made only once, also by processes that run at the same time.  The parent's own type is on the record: made from a
quantised parent, the result cannot be better than it.  With ``calibrate`` the importance matrix, which tells the
quantiser what matters and which the smallest types need, is computed here, on a text; ``imatrix`` names one.
"""

from fairtrial.levers.quantize.files import MadeFile, QuantizeOrder, describe_file, find_warnings, make_files
from fairtrial.levers.quantize.lever import QuantizeLever, find_gguf
from fairtrial.levers.quantize.types import NEEDS_IMATRIX, list_types

__all__ = [
    "NEEDS_IMATRIX",
    "MadeFile",
    "QuantizeLever",
    "QuantizeOrder",
    "describe_file",
    "find_gguf",
    "find_warnings",
    "list_types",
    "make_files",
]
