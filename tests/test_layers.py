"""The architecture, checked: who may import whom, no cycles, no hidden imports, small files, few public names."""

from __future__ import annotations

import ast
import graphlib
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

SRC = Path(__file__).parents[1] / "src" / "fairtrial"
FILES = sorted(SRC.rglob("*.py"))

ZERO = {"conduct", "errors", "plugins", "records", "rights", "machine", "cache", "thoughts"}
ONE = ZERO | {"spec"}
ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "plugins": {"errors"},
    "records": {"errors"},
    "conduct": {"errors", "records"},
    "rights": {"errors", "plugins", "records", "sandbox"},
    "machine": {"errors", "plugins"},
    "cache": {"errors"},
    "cards": {"errors", "records", "rights"},
    "thoughts": set(),
    "pages": {"errors"},
    "sandbox": {"errors"},
    "images": {"errors", "records", "sandbox"},
    "archive": ONE | {"engines", "images", "models", "sandbox", "spreading"},
    "spreading": {"errors", "machine", "workers"},
    "workers": {"errors", "machine"},
    "curation": ONE | {"archive", "sandbox", "spreading"},
    "stats": set(),
    "spec": ZERO,
    "models": ONE,
    "measures": ONE,
    "ledger": ONE,
    "recorded": ONE | {"ledger", "sandbox"},
    "engines": ONE | {"images", "models", "recorded", "sandbox"},
    "tasks": ONE | {"archive", "images", "sandbox", "stats"},
    "levers": ONE | {"archive", "cards", "curation", "engines", "images", "measures", "models", "sandbox", "stats"},
    "planning": ONE | {"archive", "curation", "engines", "ledger", "levers", "measures", "models", "recorded", "tasks"},
    "analysis": ONE | {"ledger", "stats"},
    "studies": ONE | {"analysis", "ledger", "stats"},
    "running": ONE
    | {
        "analysis",
        "engines",
        "images",
        "ledger",
        "levers",
        "measures",
        "models",
        "planning",
        "stats",
        "studies",
        "tasks",
        "workers",
    },
    "serve": ONE | {"archive", "engines", "images", "ledger", "levers", "pages", "tasks"},
    "forecast": ONE | {"analysis", "ledger", "measures", "planning", "running", "stats"},
    "report": {
        "analysis",
        "cards",
        "errors",
        "images",
        "ledger",
        "pages",
        "plugins",
        "records",
        "rights",
        "spec",
        "stats",
        "studies",
    },
    "workbench": ONE | {"analysis", "images", "ledger", "models", "pages", "report", "stats", "studies", "tasks"},
}
"""What each unit may import beside itself; `api`, `cli` and the package's `__init__` may import everything."""

TOP = {"api", "cli", "testing", "__init__", "__main__"}
HEAVY = {
    "onnxruntime",
    "psycopg",
    "trafilatura",
    "torch",
    "rensa",
    "py3langid",
    "datatrove",
    "ray",
    "mlcroissant",
    "llama_cpp",
    "transformers",
    "datasets",
    "pyarrow",
    "huggingface_hub",
    "httpx2",
    "lm_eval",
}


# Each check goes through all files and names every one that fails it: a test for each of some thousand pairs of a file
# and a check would take longer to be counted than to be run.


@cache
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(parse(path)))


def where(path: Path) -> str:
    return str(path.relative_to(SRC))


def unit(path: Path) -> str:
    parts = path.relative_to(SRC).parts
    return parts[0].removesuffix(".py")


def module(path: Path) -> str:
    dotted = ".".join(("fairtrial", *path.relative_to(SRC).with_suffix("").parts))
    return dotted.removesuffix(".__init__")


MODULES = {module(path) for path in FILES}


def imported(node: ast.stmt) -> list[str]:
    """Modules that an import statement names; `from package import submodule` names the submodule."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, "relative imports are not used here"
        base = node.module or ""
        return [f"{base}.{a.name}" if f"{base}.{a.name}" in MODULES else base for a in node.names]
    return []


@cache
def imports(path: Path, *, top_level_only: bool = False) -> frozenset[str]:
    among = parse(path).body if top_level_only else nodes(path)
    return frozenset(name for node in among if isinstance(node, ast.stmt) for name in imported(node))


def units_imported(path: Path) -> set[str]:
    """Other units that a file imports from."""
    ours = {name for name in imports(path) if name.startswith("fairtrial")}
    return {name.split(".")[1] if "." in name else "__init__" for name in ours} - {unit(path)}


def test_every_unit_is_in_the_table_of_layers() -> None:
    assert {unit(path) for path in FILES} == TOP | set(ALLOWED)


def test_a_unit_imports_only_what_its_layer_allows() -> None:
    below = [path for path in FILES if unit(path) not in TOP]
    too_much = {where(path): units_imported(path) - ALLOWED.get(unit(path), set()) for path in below}
    assert {path: names for path, names in too_much.items() if names} == {}


def test_no_import_cycles() -> None:
    graph = {module(path): {n for n in imports(path) if n in MODULES and n != module(path)} for path in FILES}
    # a package's own __init__ re-exports its modules; what those import from each other is what counts
    for name in graph:
        graph[name] -= {name.rpartition(".")[0]}
    assert len(list(graphlib.TopologicalSorter(graph).static_order())) >= len(FILES)  # else it raises CycleError


def test_own_modules_are_imported_at_the_top() -> None:
    hidden = {where(path): imports(path) - imports(path, top_level_only=True) for path in FILES}
    ours = {path: {name for name in names if name.startswith("fairtrial")} for path, names in hidden.items()}
    assert {path: names for path, names in ours.items() if names} == {}


def test_heavy_packages_are_imported_in_adapters_only() -> None:
    others = [path for path in FILES if not {"llamacpp", "transformers", "postgres"} & set(path.parts)]
    heavy = {where(p): {name.split(".")[0] for name in imports(p, top_level_only=True)} & HEAVY for p in others}
    assert {path: names for path, names in heavy.items() if names} == {}


def test_files_and_functions_are_small() -> None:
    lines = {where(path): len(path.read_text().splitlines()) for path in FILES}
    assert {path: count for path, count in lines.items() if count > 400} == {}
    long = [
        f"{where(path)}: {node.name}"
        for path in FILES
        for node in nodes(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (node.end_lineno or 0) - node.lineno >= 60
    ]
    assert long == []


def test_every_module_says_what_it_does() -> None:
    assert [where(path) for path in FILES if not ast.get_docstring(parse(path))] == []


def test_a_class_or_type_has_a_name_of_its_own() -> None:
    """One word, one meaning: a public name of a class or of a type stands for one thing in the whole source."""
    places: dict[str, list[str]] = {}
    for path in FILES:
        for name in (one for node in parse(path).body for one in named_types(node)):
            places.setdefault(name, []).append(where(path))
    assert {"Candidate", "Verdict", "Floats", "Row"} <= set(places)
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def named_types(node: ast.stmt) -> list[str]:
    """Public classes and aliases of types that a statement defines; names in capitals are constants."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    names = [node.name] if isinstance(node, ast.ClassDef) else [one.id for one in targets if isinstance(one, ast.Name)]
    return [name for name in names if name[0].isupper() and (isinstance(node, ast.ClassDef) or not name.isupper())]


SQL = re.compile(r"\s*(SELECT|WITH|INSERT|UPDATE|DELETE|CREATE|DROP|PRAGMA)\s+\S+")
RUNS_SQL = re.compile(r"\b(ledger|store|db|connection)\.(read|execute|executemany|executescript)\(")


def test_only_the_ledger_and_the_stores_of_documents_speak_sql() -> None:
    others = [path for path in FILES if unit(path) != "ledger" and "stores" not in path.parts]
    statements = [
        f"{where(path)}:{node.lineno}"
        for path in others
        for node in nodes(path)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value)
    ]
    assert statements == []
    assert [where(path) for path in others if RUNS_SQL.search(path.read_text())] == []


def test_every_schema_that_is_named_is_there() -> None:
    top = SRC.parents[1]
    texts = [path.read_text() for path in (*FILES, *(top / "docs").rglob("*.md"), top / "README.md")]
    named = {name for text in texts for name in re.findall(r"schemas/([\w.-]+\.schema\.json)", text)}
    there = {path.name for path in (top / "docs" / "schemas").iterdir()}
    assert len(named) > 4
    assert named == there


WRITES = re.compile(r"\b(ledger|store)\.(commit|add_\w+|open_session|close_session)\(")


def test_only_one_place_stores_what_a_run_finds() -> None:
    others = [path for path in FILES if unit(path) != "ledger" and path.name != "storing.py"]
    assert [where(path) for path in others if WRITES.search(path.read_text())] == []


def test_answering_knows_no_ledger() -> None:
    for name in ("answering", "pool"):
        assert not any(one.startswith("fairtrial.ledger") for one in imports(SRC / "running" / f"{name}.py"))


def test_the_statistics_know_nothing_of_the_program() -> None:
    for path in (SRC / "stats").rglob("*.py"):
        outside = {n.split(".")[0] for n in imports(path)} - {"fairtrial"}
        third_party = outside - {"numpy", "scipy", "__future__"}
        assert not third_party - set(__import__("sys").stdlib_module_names)


def test_public_names() -> None:
    import fairtrial.api

    assert dir(fairtrial) == sorted(fairtrial.__all__)
    assert all(getattr(fairtrial, name) is not None for name in fairtrial.__all__)
    assert len(fairtrial.__all__) <= 30
    assert list_typed(SRC / "__init__.pyi") == set(fairtrial.__all__) - {"__version__"}
    assert list_typed(SRC / "api" / "__init__.pyi") == set(fairtrial.api.__all__)
    assert all(getattr(fairtrial.api, name) is not None for name in fairtrial.api.__all__)


def list_typed(path: Path) -> set[str | None]:
    stub = ast.parse(path.read_text())
    return {alias.asname for node in stub.body if isinstance(node, ast.ImportFrom) for alias in node.names}


def test_only_the_plugin_of_pytest_imports_pytest() -> None:
    assert [
        path.name for path in FILES if "pytest" in imports(path) | {n.partition(".")[0] for n in imports(path)}
    ] == ["testing.py"]
    assert not [path for path in FILES if "fairtrial.testing" in imports(path)]


def test_importing_the_package_imports_nothing() -> None:
    code = "import fairtrial, sys; print([n for n in sys.modules if n.startswith('fairtrial.') or n == 'numpy'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
