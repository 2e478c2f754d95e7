"""Tasks in the YAML form of lm-evaluation-harness 0.4: found, parsed, asked and graded as they do, without running it.

`LmEvalCatalog` is nearly all that the rest of the package needs.
"""

from fairtrial.tasks.lmeval.catalog import CatalogEntry, LmEvalCatalog, installed_lmeval_folder, unknown_task

__all__ = ["CatalogEntry", "LmEvalCatalog", "installed_lmeval_folder", "unknown_task"]
