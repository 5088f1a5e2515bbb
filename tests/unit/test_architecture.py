"""docs/architecture.md is true: its map is that of the imports, and what it names is there."""

import ast
import builtins
import keyword
import re
from functools import cache
from pathlib import Path

from tests.support import ROOT

PAGE = (ROOT / "docs/architecture.md").read_text()
WORDS = " ".join(PAGE.split())
"""The page without the ends of its lines."""
PAPERS = "engines/<paper>"
ROOMS = {name: path.replace("&lt;paper&gt;", "<paper>") for name, path in re.findall(r'(\w+)\["([^"]+)"\]', PAGE)}
"""The path of each room of the map, by its name there."""
ARROWS = {(ROOMS[start], ROOMS[end]) for start, end in re.findall(r'(\w+)(?:\["[^"]+"\])? --> (\w+)', PAGE)}
INTERFACES = {
    "gradio": ("app.py", "studio/faces/gradio", "studio/faces/api.py"),
    "streamlit": ("app.py", "studio/faces/streamlit"),
}
"""Where each library of user interfaces may be imported."""
OF_EVERY_FOLDER = {
    *("network.py", "engine.py", "architecture.py", "train.py", "quality.py", "parity.py"),
    *("__init__.py", "__main__.py", "result.json"),
}
"""Files that the page names without their folder."""
NAME = r"[A-Za-z_]\w+(?:\.\w+)*"
"""Of a module, a class, a function or a value, with what it is of; `x` stands for any paper."""
EXAMPLES = ROOT / "tests/support/new_panel/moonlight"


@cache
def imported(path: Path) -> tuple[str, ...]:
    """The modules that a file imports, at once or lazily, but for types alone."""
    names: list[str] = []
    nodes: list[ast.AST] = [ast.parse(path.read_text())]
    while nodes:
        node = nodes.pop()
        match node:
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                nodes += node.orelse
                continue
            case ast.Import():
                names += [alias.name for alias in node.names]
            case ast.ImportFrom(module=str(module)):
                names += [f"{module}.{alias.name}" for alias in node.names]
            case ast.Call(func=ast.Attribute(value=ast.Name(id="lazy"), attr="load"), args=[ast.Constant(value=name)]):
                names.append(str(name))
        nodes += ast.iter_child_nodes(node)
    return tuple(names)


@cache
def defined(path: Path) -> set[str]:
    """The names that a file gives to something, alone and with the class or the module that they are of."""
    if path.suffix != ".py":
        return set(re.findall(r"\w+", path.read_text()))
    module = path.parent.name if path.stem == "__init__" else path.stem
    names = {module}
    nodes: list[tuple[ast.AST, str]] = [(ast.parse(path.read_text()), module)]
    while nodes:
        node, owner = nodes.pop()
        within = owner
        match node:
            case ast.ClassDef(name=name):
                found, within = name, name
            case (
                ast.FunctionDef(name=name)
                | ast.AsyncFunctionDef(name=name)
                | ast.arg(arg=name)
                | ast.Name(id=name, ctx=ast.Store())
                | ast.Attribute(attr=name, ctx=ast.Store())
            ):
                found = name
            case _:
                found = module
        names |= {found, f"{owner}.{found}"}
        nodes += [(child, within) for child in ast.iter_child_nodes(node)]
    return names


@cache
def room_of(place: str) -> str | None:
    """The room in which a file or a module, written with slashes, lies, if it is on the map."""
    if re.match(r"engines/(?!shared|runtime)\w+/", place):
        return PAPERS
    for room in ROOMS.values():
        if place == room or f"{place}/".startswith(f"{room.removesuffix('.py')}/"):
            return room
    return None


def files(*tops: str) -> list[Path]:
    return [path for top in tops for path in sorted((ROOT / top).rglob("*.py"))]


def reachable(arrows: set[tuple[str, str]]) -> set[tuple[str, str]]:
    while further := {(one, end) for one, two in arrows for start, end in arrows if two == start} - arrows:
        arrows = arrows | further
    return arrows


def test_the_map_shows_what_imports_what() -> None:
    found = set()
    for path in files(*{room.split("/")[0] for room in ROOMS.values()}):
        here = room_of(path.relative_to(ROOT).as_posix())
        if here is not None and path.name != "__main__.py":
            found |= {
                (here, there) for name in imported(path) if (there := room_of(name.replace(".", "/"))) is not None
            }
    assert ARROWS and reachable(ARROWS) == reachable({(one, other) for one, other in found if one != other})
    assert not [arrow for arrow in ARROWS if arrow in reachable(ARROWS - {arrow})], "an arrow follows from others"
    assert not [room for room in ROOMS.values() if f"| `{room}` |" not in PAGE], "a room is not described"


def test_user_interfaces_are_imported_by_faces_alone() -> None:
    for path in [ROOT / "app.py", *files("studio", "pages", "engines", "weights")]:
        place = path.relative_to(ROOT).as_posix()
        for library, allowed in INTERFACES.items():
            if any(name.split(".")[0] == library for name in imported(path)):
                assert place.startswith(allowed), f"{place} imports {library}"


def test_files_that_are_named_exist() -> None:
    named = set(re.findall(r"`([\w.-]+(?:/[\w.-]+)+/?|[\w-]+\.(?:py|js|css|toml|md|json))`", PAGE)) - OF_EVERY_FOLDER
    written = {name for name in named if re.search(r"\bx/|_x\.py", name)}
    missing = [name for name in named - written if not ((ROOT / name).exists() or (EXAMPLES / name).exists())]
    assert len(named) > 40 and not missing


def test_names_are_in_the_files_where_they_are_said_to_be() -> None:
    names, file = rf"((?:`{NAME}`(?:, | and )?)+)", r"`([\w/.-]+\.\w+)`"
    said = re.findall(rf"{names} (?:in |\(){file}", WORDS)
    pairs = [
        (name, file) for names, file in said for name in re.findall(rf"`({NAME})`", names) if not (ROOT / name).exists()
    ]
    missing = [pair for pair in pairs if pair[0] not in defined(ROOT / pair[1])]
    assert len(pairs) > 40 and not missing


def test_every_name_is_of_something() -> None:
    named = {
        name for name in re.findall(rf"`({NAME})(?:\([^`]*\))?`", WORDS) if not re.search(r"\.(py|js|json)$", name)
    }
    code = [*files("studio", "pages", "engines", "weights", "tests/engines"), *(ROOT / "assets/web").rglob("*.js")]
    there = set().union(dir(builtins), keyword.kwlist, *map(defined, [*code, ROOT / ".streamlit/config.toml"]))
    missing = [name for name in named - there if not (ROOT / name).exists()]
    assert len(named) > 100 and not missing
