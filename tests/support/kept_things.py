"""What the studio keeps between two uses, found in its source: caches, networks in memory, pools, locks, processes."""

import ast
from collections.abc import Iterator

from tests.support import ROOT

DECORATORS = {"cache", "lru_cache", "kept", "cached_property", "cache_resource", "cache_data"}
KERNELS = {"kernel", "njit", "jit", "vectorize"}
"""Many stand in one module, and are named together."""
MADE = {"ThreadPoolExecutor", "ProcessPoolExecutor", "Thread", "Popen", "Lock", "RLock", "Condition", "local"}
CONTAINERS = {
    "OrderedDict",
    "dict",
    "set",
    "list",
    "deque",
    "defaultdict",
    "Shelf",
    "Resident",
    "Scheduler",
    "Jobs",
    "Memory",
    "Cache",
    "Environment",
}


def kept_things() -> set[str]:
    """`module:name` of each; of what a function or class makes within it, that of the outermost one."""
    files = [
        ROOT / "app.py",
        *sorted((ROOT / "engines").rglob("*.py")),
        *sorted((ROOT / "pages").rglob("*.py")),
        *sorted((ROOT / "studio").rglob("*.py")),
    ]
    return {f"{file.relative_to(ROOT)}:{name}" for file in files for name in _in(ast.parse(file.read_text()))}


def _in(module: ast.Module) -> Iterator[str]:
    for statement in module.body:
        name = _name(statement)
        if isinstance(statement, ast.Assign | ast.AnnAssign) and _is_container(statement.value):
            yield name
        for node in ast.walk(statement):
            decorators = [_called(each) for each in getattr(node, "decorator_list", [])]
            if KERNELS & set(decorators):
                yield "kernels"
            if DECORATORS & set(decorators):
                assert isinstance(node, ast.FunctionDef)
                yield name if node is statement else f"{name}.{node.name}"
            if isinstance(node, ast.Call):
                found = _called(node)
                on = node.func.value if isinstance(node.func, ast.Attribute) else None
                is_resident = found == "get" and isinstance(on, ast.Name) and on.id == "RESIDENT"
                # A decorator's own call is found above; here are those that wrap a function by hand.
                wraps = found in DECORATORS and not any(node in each for each in [_decorators(statement)])
                if found in MADE or is_resident or wraps:
                    yield name


def _decorators(statement: ast.stmt) -> list[ast.expr]:
    return [each for node in ast.walk(statement) for each in getattr(node, "decorator_list", [])]


def _name(statement: ast.stmt) -> str:
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.Assign(targets=[ast.Name(id=name), *_]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
        case _:
            return f"line {statement.lineno}"


def _called(node: ast.expr) -> str:
    match node:
        case ast.Call(func=function):
            return _called(function)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(value=value):
            return _called(value)
        case _:
            return ""


def _is_container(value: ast.expr | None) -> bool:
    match value:
        case ast.Dict(keys=[]) | ast.List(elts=[]):
            return True
        case ast.Call(args=[]) if _called(value) in CONTAINERS:
            return True
        case ast.Call():
            return _called(value) in CONTAINERS - {"dict", "set", "list"}
        case _:
            return False


if __name__ == "__main__":
    print("\n".join(sorted(kept_things())))
