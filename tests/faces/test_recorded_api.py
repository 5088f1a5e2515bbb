"""Programs that use the studio find the same endpoints, arguments and defaults as before.

tests/support/recorded_api.json was written by this file's `recorded` when arguments were added last; to add some, write
it anew and look at what changed.
"""

import json
from typing import Any

import pages
from studio.faces.gradio.page import build
from tests.support import ROOT

RECORDED = ROOT / "tests/support/recorded_api.json"


def recorded() -> dict[str, dict[str, list[Any]]]:
    """Of each endpoint its arguments by name: the JSON schema's type, whether it must be given, its default."""
    endpoints = build(pages.panels()).get_api_info()["named_endpoints"]
    return {
        name: {one["parameter_name"]: told(one) for one in about["parameters"]} for name, about in endpoints.items()
    }


def told(parameter: dict[str, Any]) -> list[Any]:
    schema = {key: value for key, value in parameter["type"].items() if key != "additional_description"}
    return [json.dumps(schema, sort_keys=True), not parameter["parameter_has_default"], parameter["parameter_default"]]


def test_names_arguments_and_defaults_are_as_recorded() -> None:
    assert json.loads(json.dumps(recorded())) == json.loads(RECORDED.read_text())
