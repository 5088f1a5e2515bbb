"""A studio in a process of its own, as it stands for a term: its disk becomes full, and its log tells no secret."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from engines.runtime.disk import NO_ROOM
from tests.support import ROOT
from tests.support.disks import full
from tests.support.servers import started

EXAMPLES = ROOT / "assets" / "examples"
SERVICE = "/services/time_limited_humans/experiment"
LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (?:INFO|WARNING|ERROR) [\w.]+: .+")
SECRET = "secret-name"
BEGIN = {"ask": "begin", "trials": 24, "room": ""}


class Process(NamedTuple):
    address: str
    number: int
    files: Path
    log: Path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    folder = tmp_path_factory.mktemp("term")
    own = {"STUDIO_JOBS": str(folder / "jobs"), "STUDIO_ANSWERS": str(folder / "answers.sqlite3")}
    address, process = started(folder / "files", own, folder / "log")
    yield Process(address, process.pid, folder / "files", folder / "log")
    process.kill()
    process.wait()


@pytest.fixture
def visitor(server: Process) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.address, timeout=120, headers={"Origin": server.address}) as client:
        client.get("/")
        yield client


def run(client: httpx.Client, endpoint: str = "biggan_truncation") -> str:
    """Whatever a run's stream of events says."""
    parameters = client.get("/gradio_api/info").json()["named_endpoints"][f"/{endpoint}"]["parameters"]
    return called(client, endpoint, [each["parameter_default"] for each in parameters])


def called(client: httpx.Client, endpoint: str, data: Any) -> str:
    """Whatever comes of calling an endpoint with such values."""
    place = f"/gradio_api/call/{endpoint}"
    asked = client.post(place, json={"data": data})
    return client.get(f"{place}/{asked.json()['event_id']}").text if asked.status_code == 200 else asked.text


def asked(client: httpx.Client) -> list[tuple[int, Any]]:
    """Everything that writes: a clip, a picture's preview, a program's upload, a room, a participant."""
    clip = client.post("/clips", content=(EXAMPLES / "dancer.mp4").read_bytes())
    photo = client.post("/photographs", content=(EXAMPLES / "autumn.jpg").read_bytes())
    picture = client.get(f"/{photo.json()['src']}")
    stored = client.post("/gradio_api/upload", files={"files": (f"{SECRET}.bin", bytes(3_000_000))})
    room = client.post(SERVICE, json={"ask": "open room"})
    begun = client.post(SERVICE, json=BEGIN)
    return [(each.status_code, each) for each in (clip, photo, picture, stored, room, begun)]


def kept_files(server: Process) -> set[Path]:
    """All files of the server but a compiler's own, which come and go while it warms up."""
    return {path for path in server.files.rglob("*") if path.is_file() and not path.name.startswith("cc")}


@pytest.mark.proof
@pytest.mark.slow
def test_on_a_full_disk_each_thing_ends_in_a_sentence_and_all_goes_on_once_there_is_room(
    server: Process, visitor: httpx.Client
) -> None:
    assert [status for status, _ in asked(visitor)] == [200] * 6 and "event: complete" in run(visitor)
    before = kept_files(server)
    with full(server.number):
        answers = asked(visitor)
        assert [status for status, _ in answers] == [507, 200, 507, 507, 503, 503]
        assert all(answer.json()["error"] == NO_ROOM for status, answer in answers if status == 507)
        kept = [answer.json() for status, answer in answers if status == 503]
        assert all(each["later"] and "cannot keep answers just now" in each["error"] for each in kept)
        assert NO_ROOM in run(visitor)
        assert visitor.get("/biggan").status_code == 200
    assert kept_files(server) == before
    assert [status for status, _ in asked(visitor)] == [200] * 6 and "event: complete" in run(visitor)


def wrong(client: httpx.Client) -> list[str]:
    """What comes of what programs ask wrongly."""
    file = {"path": f"/etc/{SECRET}", "meta": {"_type": "gradio.FileData"}}
    stylize = "photo_stylization_stylize"
    said = [
        called(client, "biggan_truncation", ["no number"]),
        called(client, "biggan_truncation", [SECRET] * 60),
        called(client, "biggan_truncation", {"no": "list"}),
        called(client, stylize, [file] * 13),
        called(client, stylize, [f"/etc/{SECRET}"] * 13),
        called(client, SECRET, []),
    ]
    client.get(f"/gradio_api/file=/etc/{SECRET}")
    client.post("/photographs", content=SECRET.encode())
    client.post("/gradio_api/mcp/", json={"jsonrpc": "2.0", "id": 1, "method": SECRET})
    client.post(SERVICE, content=f'{{"ask": "{SECRET}"}}')
    return said


@pytest.mark.slow
def test_the_log_has_a_line_an_event_and_neither_names_nor_answers_nor_tracebacks(
    server: Process, visitor: httpx.Client
) -> None:
    begun = visitor.post(SERVICE, json=BEGIN).json()
    refused = wrong(visitor)
    assert not [words for words in refused if "null" in words or not re.search("[a-z] [a-z]", words)]
    assert "event: complete" in run(visitor, "sagan_entropy")
    said = server.log.read_text()
    assert "Traceback" not in said
    lines = said.splitlines()
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    assert SECRET not in said and begun["participant"] not in said and "dancer" not in said
    (begins,) = re.findall(r"run (\S+): entropy of visitor \w{8} begins", said)
    assert re.search(rf"run {begins} done after [\d.]+ s of computing", said)
