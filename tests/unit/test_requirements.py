"""What is imported is declared, what is declared is locked, and the versions that are told agree."""

import ast
import re
import sys
import tomllib
from functools import cache
from importlib.metadata import packages_distributions

import pytest

import app
import check
from space.__main__ import ZERO_GPU
from studio import VERSION
from tests.support import ROOT

pytestmark = pytest.mark.slow

OWN = {path.removesuffix(".py") for path in check.PRODUCT} | {"tests"}
installed = cache(packages_distributions)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def imported(*parts: str) -> set[str]:
    """The top-level modules that these files, and those in these folders, import from others."""
    nodes = [
        node
        for part in parts
        for file in ([ROOT / part] if part.endswith(".py") else (ROOT / part).rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text()))
    ]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module and not node.level}
    return {name.partition(".")[0] for name in names} - sys.stdlib_module_names - OWN


def required(*files: str) -> dict[str, str]:
    """The version of each distribution that these files name; "" where they give none or a range."""
    lines = [line for file in files for line in (ROOT / file).read_text().splitlines()]
    found = [re.match(r"([\w.-]+)(?:\[[\w,]+\])?(?:==([^ ;]+))?", line) for line in lines if line[:1].isalpha()]
    return {normal(match[1]): match[2] or "" for match in found if match}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def undeclared(modules: set[str], declared: set[str]) -> set[str]:
    return {module for module in modules if not declared & {normal(name) for name in installed().get(module, [module])}}


def test_what_is_imported_is_declared() -> None:
    declared = {*required("requirements.txt"), ZERO_GPU.partition(">")[0]}
    product = imported("app.py", "check.py", "pages", "studio", "engines", "weights", "space")
    assert "torch" in product and not undeclared(product, declared)
    assert not undeclared(imported("tests", "benchmarks"), declared | set(required("requirements-test.txt")))
    assert undeclared({"pytest"}, declared) == {"pytest"}


def test_what_is_declared_is_locked_with_hashes_but_torch() -> None:
    for declared, lock in [
        (required("requirements.txt"), "requirements.lock"),
        (required("requirements.txt", "requirements-test.txt"), "requirements-test.lock"),
    ]:
        locked = required(lock)
        assert not {name: version for name, version in declared.items() if version and locked.get(name) != version}
        assert all(locked.values())
        assert locked.keys().isdisjoint({"torch", "triton"}) and not [name for name in locked if "nvidia" in name]
        entries = re.split(r"\n(?=[a-z])", (ROOT / lock).read_text())[1:]
        assert len(entries) >= len(locked) and all("--hash=sha256:" in entry for entry in entries)
    assert required("requirements.lock").items() <= required("requirements-test.lock").items()
    assert required("torch.lock")["torch"]


def test_the_command_is_installed_from_the_app_and_the_newest_version_is_in_the_changelog() -> None:
    assert PROJECT["project"]["scripts"] == {"studio": f"{app.__name__}:{app.main.__name__}"}
    setuptools = PROJECT["tool"]["setuptools"]
    assert {*setuptools["packages"], *(f"{name}.py" for name in setuptools["py-modules"])} == set(check.PRODUCT)
    versions = re.findall(r"^## \[([\d.]+)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert versions[0] == VERSION
