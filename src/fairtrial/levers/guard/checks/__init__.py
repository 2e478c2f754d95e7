"""Checks of a guard, one file a kind; all of them are `base.Looker`."""
