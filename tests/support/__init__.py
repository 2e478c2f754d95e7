"""What tests share: ledgers, models and servers made for them.  Import it as ``tests.support``."""
