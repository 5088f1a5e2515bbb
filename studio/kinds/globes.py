"""Defines globes that a visitor turns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from studio.drawn.globes import Globe, restored
from studio.kinds.captioned import Captioned
from studio.kinds.kind import shown
from studio.kinds.output import Address, Folder

TURNS = 24
TURN = 130
"""The number of pictures in which a globe turns once, and the milliseconds of each."""


@dataclass(frozen=True)
class Globes(Captioned):
    """Shows globes that a visitor turns, `{caption: Globe}`, the first one large; `of` names all, in their order.

    Globes that a partial result lacks stay as they were. If they are seen from `inside`, the eye is in their middle.
    """

    of: Sequence[str]
    inside: bool = field(default=False, kw_only=True)

    has_pictures = True
    drawn_as = "globes"

    def check_one(self, thing: Any) -> None:
        """Refuse what is no Globe."""
        if not isinstance(thing, Globe):
            raise TypeError(f"a Globe was expected, not {shown(thing)}")

    def picture_of(self, thing: Any) -> Any:
        """Return the picture of the globe."""
        return thing.picture

    def motion(self, value: Any) -> tuple[int, Iterator[Any]]:
        """Return the first globe as it turns once about the pole."""
        globe = value[self.of[0]]
        turns = ((360 * step / TURNS, *globe.turn[1:]) for step in range(TURNS))
        return TURN, (replace(globe, turn=turn, file=None).render() for turn in turns)

    def store_one(self, thing: Any, folder: Folder) -> Any:
        """Write the globe and its picture."""
        return {"picture": folder.picture(thing.picture), "globe": thing.store(folder)}

    def restore_one(self, stored: Any, folder: Path) -> Any:
        """Read the globe, with the path of its picture."""
        return restored(folder / stored["globe"], folder / stored["picture"])

    def answer_one(self, stored: Any, file: Any) -> Any:
        """Return the files of the globe and its picture."""
        return {sort: file(name) for sort, name in stored.items()}

    def payload(self, value: Any, address: Address) -> dict[str, Any]:
        """Return the addresses of the globes, and how they are seen."""
        return {"of": list(self.of), "inside": self.inside, **super().payload(value, address)}
