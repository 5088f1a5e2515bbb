"""Finds figures that stand in a page's own text: what this project measured comes from measured.toml, by
engines/runtime/measured.py, and what a paper says stands in a `Figure`, with its citation.

    python -m weights.figures [FOLDER]

A figure is a decimal fraction or a percentage. A setting is none: pages write it from the constant that holds it.
"""

import ast
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

PAGES = Path(__file__).parents[1] / "pages"
FIGURE = re.compile(r"(?<![\w.])\d*\.\d+|\d\s?(?:%|per cent)")
NAMES = re.compile(r"\b(?:section|version|equation)s? \d+\.\d+|arXiv:[\d.]+v?\d*|Apache-2\.0|CC BY[-A-Z]* \d\.\d")
"""Numbers that say where something stands, or under which licence."""
OURS = "here"
"""The word in a row's name that says that its figures are this project's own, whatever stands around it."""
Line = tuple[int, str]


def literal_figures(source: str) -> list[Line]:
    """List the figures in the text of a page's source, each with its line."""
    return sorted(set(_in(ast.parse(source))))


def _in(node: ast.AST, is_cited: bool = False) -> Iterator[Line]:
    match node:
        case ast.Expr(value=ast.Constant()):  # A docstring, or words on a constant.
            return
        case ast.Constant(value=str(text)) if not is_cited and FIGURE.search(NAMES.sub("", text)):
            yield node.lineno, text
        case ast.Call(func=ast.Name(id="Figure" | "Paper")):
            is_cited = True
        case ast.Dict() if is_cited:
            for key, value in zip(node.keys, node.values, strict=True):
                yield from _in(value, not (isinstance(key, ast.Constant) and OURS in str(key.value)))
            return
        case ast.FormattedValue():  # Its format is no text.
            yield from _in(node.value, is_cited)
            return
    for child in ast.iter_child_nodes(node):
        yield from _in(child, is_cited)


def main(arguments: Sequence[str] = ()) -> int:
    """Print each literal figure; 1 if there is any."""
    folder = Path(arguments[0]) if arguments else PAGES
    found = [(path, line) for path in sorted(folder.rglob("*.py")) for line in literal_figures(path.read_text())]
    for path, (line, text) in found:
        print(f"{path.relative_to(folder.parent)}:{line}: {text!r} has a figure; take it from weights/measured.toml.")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
