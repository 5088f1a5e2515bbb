"""The palette has one home, theme.css; the two files that cannot read it agree with it."""

import configparser
import re

import pytest

from studio import WEB
from studio.drawn import theme
from tests.support import ROOT

STREAMLIT = {
    "backgroundColor": ("paper", "paper"),
    "secondaryBackgroundColor": ("tint", "tint"),
    "textColor": ("ink", "ink"),
    "linkColor": ("ink", "ink"),
    "borderColor": ("rule", "rule"),
    "primaryColor": ("ink", "edge"),
}
"""Which colour of ours Streamlit has, on light and on dark, under its own names."""
GENERAL = {"#000000", "#ffffff"}
SOURCES = [
    path
    for folder in ("assets/web", "studio", "pages")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.suffix in {".css", ".js", ".html", ".py"} and "vendor" not in path.parts and path != WEB / "theme.css"
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_streamlit_has_the_colours_of_the_theme(scheme: str) -> None:
    place = ["light", "dark"].index(scheme)
    assert _configured(f"theme.{scheme}") == {
        name: theme.PAIRS[names[place]][place] for name, names in STREAMLIT.items()
    }


def test_streamlit_has_the_type_of_the_theme() -> None:
    configured = _configured("theme")
    type_faces = dict(re.findall(r"--(serif|sans): (.+);", (WEB / "theme.css").read_text()))
    assert {"sans": configured["font"], "serif": configured["headingFont"]} == {
        name: faces.replace('"', "") for name, faces in type_faces.items()
    }


def test_the_icon_has_the_colours_of_the_theme() -> None:
    icon = re.findall(r"#\w{6}", (WEB / "favicon.svg").read_text())
    assert icon == [theme.PAIRS[name][0] for name in ("paper", "ink", "live")]


def test_no_other_file_writes_a_colour_of_the_theme() -> None:
    colours = {colour for pair in theme.PAIRS.values() for colour in pair} - GENERAL
    assert len(colours) > 16
    numbers = {", ".join(str(part) for part in bytes.fromhex(colour[1:])) for colour in colours}
    written = re.compile("|".join(map(re.escape, colours | numbers)), re.IGNORECASE)
    assert {path.name: found for path in SOURCES if (found := written.findall(path.read_text()))} == {}


def _configured(section: str) -> dict[str, str]:
    """What stands in a section of Streamlit's configuration."""
    configuration = configparser.ConfigParser()
    configuration.optionxform = str  # type: ignore[assignment,method-assign]
    configuration.read(ROOT / ".streamlit/config.toml")
    return {name: value.strip('"') for name, value in configuration[section].items()}
