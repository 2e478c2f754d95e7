"""The quantize lever: rewrite a GGUF model's weights with fewer bits, by llama.cpp's own quantiser.

    levers: [{quantize: q4_k_m}]
    levers: [{quantize: {type: iq2_xs, calibrate: text.txt}}]

The result is kept in the cache under the parent's hash, the type, the importance matrix and the library's version, and
made only once, also by processes that run at the same time.  The parent's own type is on the record: made from a
quantised parent, the result cannot be better than it.  With ``calibrate`` the importance matrix, which tells the
quantiser what matters and which the smallest types need, is computed here, on a text; ``imatrix`` names one.
"""
