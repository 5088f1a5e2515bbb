"""What visitors brought and once failed gives what is right through the API and on the command line."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

import pages
from studio.faces.command import main
from tests.support.cases import CASES, Case, sampled

PANELS = {case.panel: pages.panel(case.panel) for case in CASES.values()}


@pytest.fixture(scope="module")
def client(studio_of: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Client:
    folder = tmp_path_factory.mktemp("answers")
    return Client(studio_of(*PANELS.values()), verbose=False, download_files=folder, analytics_enabled=False)


def is_right(case: Case, outputs: dict[str, Any]) -> None:
    case.right(outputs)
    assert case.says in json.dumps(outputs)


@pytest.mark.parametrize("case", sampled("a strip before a face", "a phone's HDR", "masks of numbers"))
def test_the_api(client: Client, case: Case) -> None:
    files = {control: handle_file(str(case.path(control))) for control in case.files}

    def call() -> dict[str, Any]:
        answer: dict[str, Any] = client.predict(**case.values, **files, api_name=f"/{case.panel}_{case.experiment}")
        return answer  # fmt: skip

    if not case.refused:
        is_right(case, call())
        return
    with pytest.raises(AppError, match=case.refused):
        call()


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_command_line(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    values = {**case.values, **{control: case.path(control) for control in case.files}}
    settings = [part for name, value in values.items() for part in ("--set", f"{name}={value}")]
    monkeypatch.setattr(sys, "argv", ["pages", "run", case.panel, case.experiment, *settings, "--out", str(tmp_path)])
    status = main(list(PANELS.values()))
    if case.refused:
        assert status == 2 and case.refused in capsys.readouterr().err
        return
    assert status == 0
    stored = json.loads((tmp_path / "result.json").read_text())["outputs"]
    declared = PANELS[case.panel].experiment(case.experiment).outputs
    is_right(
        case, {name: declared[name].answer(one, lambda file: str(tmp_path / file)) for name, one in stored.items()}
    )
