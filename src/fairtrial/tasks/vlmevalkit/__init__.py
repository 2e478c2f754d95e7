"""Benchmarks in the files of VLMEvalKit: TSV with images as base64, once each; see `tables`."""
