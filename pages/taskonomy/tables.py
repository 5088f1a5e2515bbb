"""The tables of figures that taxonomies and affinities are made from."""

from engines.taskonomy.published import CITATION, SIZES
from studio.kinds import Choice

OURS = "ours"
TABLES = dict(
    zip(
        (*SIZES, OURS),
        (
            "Published, base: orders 1 and 2",
            "Published, 1k pictures: to order 4",
            "Published, 16k pictures: to order 24",
            "Ours, small world: orders 1 and 2",
        ),
        strict=True,
    )
)
NUMBERS = f"Published figures: {CITATION}. Ours: measured in rooms that this project renders."
SIZE = Choice("Table", TABLES, SIZES[0], group="Numbers", help="How many pictures a transfer learns from.")
