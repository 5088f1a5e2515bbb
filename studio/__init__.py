"""Holds the framework of the studio, which knows no paper and no network."""

from pathlib import Path

VERSION = "0.3.0"
ASSETS = Path(__file__).parents[1] / "assets"
WEB = ASSETS / "web"
"""The folder of the files that browsers load."""
