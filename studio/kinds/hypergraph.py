"""Defines a drawing of tasks, and of transfers from several of them to another."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.drawn.hypergraphs import Graph, restored
from studio.kinds.kind import shown
from studio.kinds.output import Address, Folder, Output


@dataclass(frozen=True)
class Hypergraph(Output):
    """Shows a `Graph` of tasks and transfers, which move from one partial result to the next."""

    has_pictures = True
    drawn_as = "hypergraph"

    def check(self, value: Any) -> None:
        """Refuse what is no Graph."""
        if not isinstance(value, Graph):
            raise TypeError(f"a Graph was expected, not {shown(value)}")

    def pictures(self, value: Any) -> Iterator[tuple[str | None, Any]]:
        """Yield the picture of the graph."""
        yield None, value.picture

    def store(self, value: Any, folder: Folder) -> Any:
        """Write the graph's picture, and return what is drawn of it."""
        return {"picture": folder.picture(value.picture), "graph": value.drawn()}

    def restore(self, stored: Any, folder: Path) -> Any:
        """Return the graph, with the path of its picture."""
        return restored(stored["graph"], folder / stored["picture"])

    def answer(self, stored: Any, file: Callable[[str], Any]) -> Any:
        """Return the graph, with its picture's file."""
        return {**stored, "picture": file(stored["picture"])}

    def payload(self, value: Any, address: Address) -> dict[str, Any]:
        """Return the graph's addresses."""
        return {"picture": {"caption": self.label, **address(value)}}
