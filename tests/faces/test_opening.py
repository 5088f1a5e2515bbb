"""How pages leave the server: their addresses, their size, what is compressed and what is kept."""

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest

from studio.faces.gradio.page import build
from tests.support import hard_experiments
from tests.support.darkroom import PANEL


@pytest.fixture(scope="module")
def address(studio_of: Callable[..., str]) -> str:
    return studio_of(PANEL, hard_experiments.PANEL)


def config(page: str) -> dict[str, Any]:
    found = re.search(r"window\.gradio_config = (.*?);</script>", page, re.DOTALL)
    assert found is not None
    value: dict[str, Any] = json.loads(found[1])
    return value


def test_an_old_link_leads_to_the_panel_s_page_with_every_control(address: str) -> None:
    asked = {"experiment": "develop", "gain": "0.55", "seed": "7", "photo": "a & b/ü", "__theme": "dark", "empty": ""}
    for path in ("", "darkroom", "hard_experiments"):
        answer = httpx.get(f"{address}{path}?{urlencode({'panel': 'darkroom', **asked})}")
        assert answer.status_code == 307
        moved = answer.headers["location"]
        assert urlsplit(moved).path == "./darkroom"
        assert dict(parse_qsl(urlsplit(moved).query, keep_blank_values=True)) == asked
    assert httpx.get(f"{address}darkroom/?gain=0.5").headers["location"] == "../darkroom?gain=0.5"
    assert httpx.get(f"{address}?panel=elsewhere").status_code == 200


def test_a_page_holds_what_is_its_own_and_says_so_in_its_title(address: str) -> None:
    sizes = {}
    for path, title in (("", "Ten Papers Studio"), ("darkroom", "Darkroom: Ten Papers Studio")):
        page = httpx.get(address + path).text
        found = config(page)
        assert found["title"] == title
        assert list(found["page"]) == [path]
        sizes[path] = len(found["components"])
        assert "darkroom_develop" not in page
        assert page.index('class="studio-panels"') < page.index("<gradio-app")
    assert sizes[""] < 3 < sizes["darkroom"]
    assert "darkroom_develop" in httpx.get(f"{address}programs").text


def test_a_path_that_is_taken_is_no_panel_s() -> None:
    taken = type(PANEL)(**{**vars(PANEL), "slug": "theme"})
    build([taken])
    with pytest.raises(AssertionError, match="cannot be the address of a page"):
        build([taken, taken])


@pytest.mark.parametrize("path", ["", "darkroom", "web/studio.js", "web/studio.css", "theme.css", "config"])
def test_text_leaves_compressed_and_is_the_same(address: str, path: str) -> None:
    plain = httpx.get(address + path, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    for encoding in ("gzip", "br"):
        with httpx.stream("GET", address + path, headers={"Accept-Encoding": encoding}) as answer:
            sent = b"".join(answer.iter_raw())
            assert answer.headers["content-encoding"] == encoding
            assert int(answer.headers["content-length"]) == len(sent) < len(plain.content)
            assert "accept-encoding" in answer.headers["vary"].lower()
        whole = httpx.get(address + path, headers={"Accept-Encoding": encoding})
        if path != "config":  # Of one's session, Gradio draws another each time.
            assert whole.content == plain.content


def test_what_streams_and_parts_of_files_pass_untouched(address: str) -> None:
    part = httpx.get(f"{address}web/studio.js", headers={"Range": "bytes=5-104", "Accept-Encoding": "br, gzip"})
    assert part.status_code == 206 and "content-encoding" not in part.headers
    assert part.content == httpx.get(f"{address}web/studio.js").content[5:105]
    call = httpx.post(f"{address}gradio_api/call/hard_experiments_click", json={"data": [[0.5, 0.5], None]})
    assert call.status_code == 200
    events = f"{address}gradio_api/call/hard_experiments_click/{call.json()['event_id']}"
    with httpx.stream("GET", events, headers={"Accept-Encoding": "br, gzip"}, timeout=60) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert "content-encoding" not in stream.headers


def test_what_is_named_by_its_content_is_kept_for_good_and_all_else_is_asked_about(address: str) -> None:
    page = httpx.get(f"{address}darkroom")
    again = httpx.get(f"{address}darkroom", headers={"If-None-Match": page.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    (script,) = re.findall(r'src="(web/[0-9a-f]{16}/studio\.js)"', page.text)
    (gradios,) = re.findall(r'src="\./(assets/index-[^"]+\.js)"', page.text)
    for path in (script, gradios):
        for _ in range(2):  # The second answer comes from memory.
            assert "immutable" in httpx.get(address + path).headers["cache-control"]
    former = httpx.get(f"{address}web/{'0' * 16}/studio.js")
    assert former.status_code == 200 and former.headers["cache-control"] == "no-cache"
    assert httpx.get(f"{address}web/studio.js").headers["cache-control"] == "no-cache"
