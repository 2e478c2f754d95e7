"""The curate lever: the training set that the lever `tune` behind it trains on.

    levers: [{curate: {sources: [{file: chats.jsonl, licence: CC-BY-4.0}]}}, tune]

The set is made once, under a name made from sources, settings and versions; `fairtrial curate` makes the same files in
a folder of one's own.
"""

from fairtrial.levers.curate.lever import CurateLever

__all__ = ["CurateLever"]
