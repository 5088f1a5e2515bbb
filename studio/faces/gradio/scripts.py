"""The scripts of Gradio's front end that a page will ask for, named before it does.

Gradio's page learns one after another which of its 900 scripts it needs: the first names the second, and that the ones
of each component. A browser that is told at once fetches them side by side, while it reads the rest of the page.
"""

import re
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path

import gradio

ASSETS = Path(gradio.__file__).parent / "templates" / "frontend" / "assets"
LISTED = re.compile(r"m\.f\|\|\(m\.f=\[(.*?)\]\)")
LOADED = r"import\(`\./%s`\)(?:\.then\(\w+=>\w+\.\w+\)|;return\{default:\w+\}\})?,__vite__mapDeps\(\[([\d,]*)\]\)"
COMPONENT = re.compile(r"\b(\w+):\{[^{}]*?component:\(\)=>\w+\(\(\)=>" + LOADED % r"Index-[\w-]+\.js")
BLOCKS = re.compile(LOADED % r"Blocks-[\w-]+\.js")


def preloads(types: Collection[str]) -> str:
    """Write the links that fetch the scripts of a page with components of these types.

    It writes none where Gradio's front end is laid out in another way.
    """
    names = dict.fromkeys(name for name in _needed(frozenset(types)) if name.endswith(".js"))
    return "".join(f'<link rel="modulepreload" crossorigin href="./assets/{name}">' for name in names)


@cache
def _needed(types: frozenset[str]) -> tuple[str, ...]:
    first = [path for path in ASSETS.glob("Index-*.js") if BLOCKS.search(path.read_text())]
    needed = [path.name for path in first]
    for path in first:
        script = path.read_text()
        needed += _dependencies(script, BLOCKS.findall(script))
    for path in ASSETS.glob("core-*.js"):
        script = path.read_text()
        needed += _dependencies(script, [numbers for kind, numbers in COMPONENT.findall(script) if kind in types])
    return tuple(needed)


def _dependencies(script: str, numbers: Collection[str]) -> Iterator[str]:
    listed = LISTED.search(script)
    names = re.findall(r'"\./([^"]+)"', listed[1]) if listed else []
    for each in numbers:
        for number in filter(None, each.split(",")):
            yield names[int(number)]
