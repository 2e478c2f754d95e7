"""For all tests, before any of them is imported: nothing is fetched from a hub, and nothing depends on luck.

huggingface_hub reads its variable once, when it is first imported, by whichever test comes first.
"""

import os
import signal
import threading

from hypothesis import HealthCheck, settings

os.environ.setdefault("HF_HUB_OFFLINE", "1")
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN and threading.current_thread() is threading.main_thread():
    # What a shell starts in the background ignores Ctrl-C, and so would every process that tests start from there.
    signal.signal(signal.SIGINT, signal.default_int_handler)
# Hypothesis would fail what takes longer than 200 ms, once, and draw other examples each time.
settings.register_profile(
    "fairtrial",
    settings(),
    deadline=None,
    derandomize="FAIRTRIAL_FUZZ" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("fairtrial")

pytest_plugins = ["tests.support.own_temp", "tests.support.skips", "tests.support.postgres"]
