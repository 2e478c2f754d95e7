"""Texts and words that the archive's articles are made of, as YAML."""
