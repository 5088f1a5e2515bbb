"""Fills the templates of everything that is written as HTML or SVG; what is put into them is escaped."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2

FOLDER = Path(__file__).parent / "templates"


class _Loader(jinja2.FileSystemLoader):
    """Loads templates without the line breaks and indents of their layout."""

    def get_source(self, environment: jinja2.Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        """Read a template's text, and remove its layout."""
        source, path, is_fresh = super().get_source(environment, template)
        return re.sub(r"\s*\n\s*", "", source), path, is_fresh


TEMPLATES = jinja2.Environment(loader=_Loader(FOLDER), autoescape=True, undefined=jinja2.StrictUndefined)


def rendered(template: str, **values: Any) -> str:
    """Fill the template of that file name with these values."""
    return TEMPLATES.get_template(template).render(values)
