"""The house rules that code review would otherwise have to hold: who imports whom, and how long a file is.

Read from the syntax trees of all files, so that an import inside a function counts as well.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FLOORS = ("pages", "workbench", "pipelines")
FILES = sorted(path for floor in FLOORS for path in (ROOT / floor).rglob("*.py"))
LONGEST = 400

# What a view may import besides Streamlit, the application and its own components: nothing that computes.
FOR_PAGES = {"streamlit", "workbench", "pages"}
FOR_COMPONENTS = FOR_PAGES | {"typing", "collections", "pathlib", "json", "dataclasses"}

ONLY_IN_STAGES = {"torch", "sklearn", "datasketch", "transformers", "peft", "sentence_transformers"}
# `workbench doctor` asks torch which GPU there is, within a function.
MAY_ASK_FOR_TORCH = "workbench/machine.py"


def imports_of(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and full module name of every import, wherever it stands."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: imports name their module in full"
            # `from pages import components` imports pages.components.
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def of_package(name: str, packages: set[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def breaches(path: str, source: str) -> list[str]:
    """Return the imports of a file, given by its path in the repository, that break a rule."""
    floor, found = path.split("/")[0], []
    above = set(FLOORS[: FLOORS.index(floor)])
    for line, name in imports_of(source):
        where = f"{path}:{line} imports {name}"
        if of_package(name, above):
            found.append(f"{where}: imports go down only")
        if floor == "pages":
            allowed = FOR_COMPONENTS if path.startswith("pages/components/") else FOR_PAGES
            if not of_package(name, allowed):
                found.append(f"{where}: a page imports streamlit, workbench and its components")
            if of_package(name, {"pages"}) and not of_package(name, {"pages.components"}):
                found.append(f"{where}: of pages, a page imports components only")
            if of_package(name, {"workbench.store", "workbench.cli"}):
                found.append(f"{where}: a page asks the capabilities, not the store")
        if of_package(name, {"duckdb"}) and not path.startswith("workbench/store/"):
            found.append(f"{where}: only the store knows DuckDB")
        if of_package(name, {"streamlit"}) and not path.startswith(("pages/", "workbench/app/")):
            found.append(f"{where}: only pages and the app know Streamlit")
        if of_package(name, ONLY_IN_STAGES) and floor != "pipelines":
            inside = not source.splitlines()[line - 1].startswith(("import", "from"))
            if not (path == MAY_ASK_FOR_TORCH and inside and of_package(name, {"torch"})):
                found.append(f"{where}: models and estimators stay in pipelines")
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_stay_on_their_floor(path: Path) -> None:
    assert breaches(path.relative_to(ROOT).as_posix(), path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("pipelines/duplicates/near.py", "def find():\n    from workbench.project import Project"),
        ("pipelines/duplicates/near.py", "import pages.review"),
        ("pipelines/duplicates/near.py", "import streamlit"),
        ("workbench/reviewing.py", "from pages import components"),
        ("workbench/reviewing.py", "import duckdb"),
        ("workbench/curation.py", "from sklearn.cluster import KMeans"),
        ("workbench/machine.py", "import torch"),
        ("workbench/cli/main.py", "import streamlit as st"),
        ("pages/review.py", "import polars as pl"),
        ("pages/review.py", "from pipelines.errors import CurationError"),
        ("pages/review.py", "from workbench.store.browse import Filter"),
        ("pages/review.py", "from pages.overview import draw"),
        ("pages/components/map.py", "import numpy"),
    ],
)
def test_the_rules_notice_a_breach(path: str, source: str) -> None:
    assert len(breaches(path, source)) >= 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("workbench/store/database.py", "import duckdb"),
        ("workbench/machine.py", "def ask():\n    import torch"),
        (
            "pages/review.py",
            "import streamlit as st\nfrom workbench.app import session\nfrom pages.components import map",
        ),
        ("pipelines/training/train.py", "import torch\nfrom pipelines.errors import CurationError"),
    ],
)
def test_the_rules_let_pass_what_is_right(path: str, source: str) -> None:
    assert breaches(path, source) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_is_too_long_to_read_at_once(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) < LONGEST


def test_sql_stands_only_in_the_store() -> None:
    words = ("SELECT ", "INSERT INTO ", "DELETE FROM ", "CREATE TABLE ")
    texts = [
        (path, node.value)
        for path in FILES
        if "workbench/store/" not in path.as_posix()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    assert [(path.name, text) for path, text in texts if text.startswith(words)] == []


def test_every_stage_module_can_be_imported_without_its_heavy_libraries() -> None:
    """Heavy libraries are imported where they are used, or the command line could not answer at once."""
    heavy = ONLY_IN_STAGES | {"scipy", "evaluate", "accelerate", "sacrebleu", "pyarrow", "pandas"}
    top_level = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in FILES
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for _, name in imports_of(ast.unparse(node))
        if of_package(name, heavy)
    ]
    assert top_level == []


def test_only_declared_packages_are_imported() -> None:
    """An undeclared package works on the machine that happens to have it."""
    import re
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    declared = {re.split(r"[<>=\[ ]", name)[0].lower().replace("-", "_") for name in project["dependencies"]}
    # These are asked for only where they are there (the extras `llama`, `schema`, `mlflow`, `wandb` and `fast`).
    declared |= {"sklearn", "llama_cpp", "mlflow", "wandb", "jsonschema", "referencing", *FLOORS, "sample_data"}
    imported = {
        name.split(".")[0] for path in FILES for _, name in imports_of(path.read_text("utf-8"))
    } - sys.stdlib_module_names
    assert imported <= declared
