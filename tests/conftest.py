"""For all tests, before any of them is imported: nothing is fetched from a model hub.

huggingface_hub reads this variable once, when it is first imported, by whichever test comes first.
"""

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")

pytest_plugins = ["tests.support.postgres"]
