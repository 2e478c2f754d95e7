"""Tasks in the YAML form of lm-evaluation-harness 0.4: found, parsed, asked and graded as they do, without running it.

`LmEvalCatalog` is nearly all that the rest of the package needs.
"""

from fairtrial.tasks.lmeval.catalog import (
    CatalogEntry,
    LmEvalCatalog,
    find_installed_lmeval_folder,
    make_unknown_task_error,
)

__all__ = ["CatalogEntry", "LmEvalCatalog", "find_installed_lmeval_folder", "make_unknown_task_error"]
