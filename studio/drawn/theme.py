"""Reads the page's colours from theme.css, for what Python draws."""

import re

from studio import WEB

COLOUR = re.compile(r"--([\w-]+): light-dark\(#(\w{6}), #(\w{6})\);")
FAMILIES = 4

Rgb = tuple[int, int, int]


def _pairs() -> dict[str, tuple[str, str]]:
    found = COLOUR.findall((WEB / "theme.css").read_text())
    return {name: (f"#{light}", f"#{dark}") for name, light, dark in found}


def _on_light(name: str) -> Rgb:
    red, green, blue = bytes.fromhex(PAIRS[name][0][1:])
    return red, green, blue


PAIRS = _pairs()
"""Every opaque colour by its name: on light and on dark, each as `#rrggbb`."""
PAPER, INK, QUIET, RULE, LIVE = map(_on_light, ("paper", "ink", "quiet", "rule", "live"))
FAMILY = tuple(_on_light(f"family-{number}") for number in range(FAMILIES))
"""The colours of the families of tasks, in the order in which they come."""
