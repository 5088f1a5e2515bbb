"""Defines pictures whose places attend to others."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from studio.kinds.captioned import Captioned
from studio.kinds.kind import check_picture, shown
from studio.kinds.output import Addresses, Folder


class Attended(NamedTuple):
    """Holds a picture, (H, W, 3) uint8, and the maps, (h, w, k, l) float16, of what each place of a grid attends to.

    Each (k, l) sums to 1. A rendered one has the paths of its files instead: PNG or WebP, and npy.
    """

    picture: Any
    maps: Any

    def addressed(self, addresses: Addresses) -> dict[str, Any]:
        """Return the addresses of the picture and of the maps."""
        return {**addresses.picture(self.picture), **addresses.numbers(self.maps)}


@dataclass(frozen=True)
class Attention(Captioned):
    """Shows pictures, `{caption: Attended}`: a visitor points at a place, and sees what it attends to."""

    has_pictures = True
    drawn_as = "attention"

    def check_one(self, thing: Any) -> None:
        """Refuse what is no Attended, or has maps of another shape."""
        if not isinstance(thing, Attended):
            raise TypeError(f"an Attended was expected, not {shown(thing)}")
        check_picture(thing.picture)
        if thing.maps.ndim != 4:
            raise TypeError(f"maps are (h, w, k, l), not of shape {thing.maps.shape}")

    def picture_of(self, thing: Any) -> Any:
        """Return the picture without its maps."""
        return thing.picture

    def store_one(self, thing: Any, folder: Folder) -> Any:
        """Write the picture and its maps."""
        # It is exact, because the page shows single pixels of it.
        return {"picture": folder.picture(thing.picture, exact=True), "maps": folder.array(thing.maps)}

    def restore_one(self, stored: Any, folder: Path) -> Any:
        """Return the paths of the picture and its maps."""
        return Attended(folder / stored["picture"], folder / stored["maps"])

    def answer_one(self, stored: Any, file: Any) -> Any:
        """Return the files of the picture and its maps."""
        return {sort: file(name) for sort, name in stored.items()}

    def size(self, value: Any) -> int:
        """Count the bytes of the maps."""
        return sum(0 if isinstance(each.maps, Path) else each.maps.nbytes for each in value.values())
