"""Each refusal of the Hub has its own sentence and remedy."""

import re
from collections.abc import Mapping

import pytest

from engines.runtime.checkpoints import Checkpoint, checked, present
from engines.runtime.errors import CheckpointError
from engines.runtime.scheduler import State
from tests.support.hub_server import Fault, Hub
from tests.support.published_files import CONTENT, content_here, fault, fetch, publish

INVALID = {"X-Error-Message": "Invalid credentials in Authorization header"}
GATED = {"X-Error-Code": "GatedRepo"}
DISABLED = {"X-Error-Message": "Access to this resource is disabled."}


def refused(hub: Hub, status: int, headers: Mapping[str, str]) -> str:
    hub.faults = [Fault("HEAD", status, headers)]
    made = fetch(publish(hub))
    assert made.state is State.FAILED and made.error is not None and len(hub.requests) == 1
    return made.error


@pytest.mark.parametrize(
    ("status", "headers", "words"),
    [
        (
            401,
            INVALID,
            r"refuses your token \(401\): it is wrong, or has expired\. Public files need none: unset",
        ),
        (401, {"X-Error-Code": "RepoNotFound"}, r"or your token may not read it \(401\)"),
        (401, GATED, r"closed to you \(401\)\. Accept its terms on http://127.*/somebody/network"),
        (403, GATED, r"closed to you \(403\)\. Accept its terms on http"),
        (403, DISABLED, r"The Hub has disabled somebody/network \(403\)\. Nobody can download it there"),
        (403, {}, r"A proxy or firewall on the way to the Hub forbids somebody/network \(403\)"),
        (403, {"X-Error-Message": "Too few rights."}, r"refuses models/network\.pth .*\(403\): Too few rights\."),
    ],
    ids=["invalid token", "no rights", "gated 401", "gated 403", "disabled", "proxy", "message"],
)
def test_a_refusal_has_its_own_remedy(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, status: int, headers: Mapping[str, str], words: str
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    with fault(f"{status} {headers}"):
        assert re.search(words, refused(hub, status, headers))


@fault("403 of the host of large files, for good")
def test_a_refusal_of_the_host_of_large_files_names_that_host(hub: Hub) -> None:
    hub.faults = [Fault("BODY", 403)] * 9
    made = fetch(publish(hub))
    assert "localhost, where the Hub keeps large files, refuses this one (403): the link to it has expired" in str(made)


@fault("403 of an expired link, then fine")
def test_a_link_that_has_expired_is_asked_for_again(hub: Hub) -> None:
    checkpoint = publish(hub)
    hub.faults = [Fault("BODY", 403)]
    assert fetch(checkpoint).state is State.DONE and content_here(checkpoint) == CONTENT


@pytest.fixture
def without_links(monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import file_download

    monkeypatch.setattr(file_download, "are_symlinks_supported", lambda *_: False)


def altered(checkpoint: Checkpoint) -> None:
    found = present(checkpoint)
    assert found is not None and not found[1].is_symlink()
    found[1].write_bytes(CONTENT[:-1] + b"x")


@fault("altered copy where there are no symbolic links")
def test_an_altered_copy_is_found_where_there_are_no_links(hub: Hub, without_links: None) -> None:
    checkpoint = publish(hub)
    assert fetch(checkpoint).state is State.DONE and content_here(checkpoint) == CONTENT
    altered(checkpoint)
    with pytest.raises(CheckpointError, match="was altered"):
        checked(checkpoint)
    assert fetch(checkpoint).state is State.DONE and content_here(checkpoint) == CONTENT


@fault("copy and original altered")
def test_an_altered_original_is_not_copied_again(hub: Hub, without_links: None) -> None:
    checkpoint = publish(hub)
    fetch(checkpoint)
    altered(checkpoint)
    found = present(checkpoint)
    assert found is not None
    (blobs,) = [parent / "blobs" for parent in found[1].parents if (parent / "blobs").is_dir()]
    for blob in blobs.iterdir():
        blob.write_bytes(CONTENT[:-1] + b"y")
    assert fetch(checkpoint).state is State.DONE and content_here(checkpoint) == CONTENT


def test_the_faults_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f"\nfaults tried {len(fault.tried)}, survived {len(fault.survived)}")
    assert fault.tried == fault.survived
