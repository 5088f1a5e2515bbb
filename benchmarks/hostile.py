"""Files and requests that were made to cost a server more than they cost their sender."""

import io
import json
import resource
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import imageio_ffmpeg
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from benchmarks.clients import API, SERVICE, Row, intruder, run, visit
from benchmarks.servers import ROOT, Served

PIXELS, AT_ONCE = (7070, 7070), 4
"""Of each picture of one colour, which as PNG has 0.2 MB, and how many are sent at once."""
CORNERS = 4_600_000
"""Of the one polygon of an OBJ file of 28 MB."""
NESTED = 450
FRAMES = 6000
"""Frames of 4K that must be decoded before the first that an edit list shows."""
MOST_DECODING = 35.0
"""Seconds of the processor that a preview may take: thirty, and what it takes to read the container."""
SLOW_SECONDS = 5.0
SECRET = "secret-name"


def pictures(studio: Served) -> Row:
    """Send pictures that are small as files and large as pixels, several at once."""
    file = io.BytesIO()
    Image.new("RGB", PIXELS, (40, 90, 200)).save(file, "PNG", optimize=True)
    with visit(studio) as client, ThreadPoolExecutor(AT_ONCE) as pool, peak(studio) as grown:
        sent = [file.getvalue()] * AT_ONCE
        statuses = {reply.status_code for reply in pool.map(lambda one: client.post("/photographs", content=one), sent)}
    held = statuses <= {200, 422, 429} and grown[0] < 1e9
    return Row(f"{AT_ONCE} pictures of 50 megapixels", held, f"{statuses}; {grown[0] / 1e6:+.0f} MB at the most")


def meshes(studio: Served) -> Row:
    """Send a mesh of one polygon with millions of corners."""
    content = b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf " + b" ".join(b"1 2 3" for _ in range(CORNERS)) + b"\n"
    content = content[:28_000_000]
    with visit(studio) as client, peak(studio) as grown:
        began = time.monotonic()
        reply = client.post("/meshes", content=content)
        seconds = time.monotonic() - began
    held = reply.status_code == 422 and seconds < SLOW_SECONDS and grown[0] < 1e9
    seen = f"{reply.status_code} after {seconds:.1f} s, {grown[0] / 1e6:+.0f} MB: {words(reply)}"
    return Row(f"a mesh of one polygon, {len(content) / 1e6:.0f} MB", held, seen)


def parameters(studio: Served) -> Row:
    """Send a picture whose parameters are lists within lists."""
    chunks, file = PngInfo(), io.BytesIO()
    chunks.add_text("parameters", json.dumps({"panel": "biggan", "controls": json.loads("[" * NESTED + "]" * NESTED)}))
    Image.new("RGB", (8, 8)).save(file, "PNG", pnginfo=chunks)
    with visit(studio) as client:
        reply = client.post("/saved", content=file.getvalue())
    return Row(f"{NESTED} nested lists", reply.status_code == 422, f"{reply.status_code} {words(reply)}")


def edit_list(studio: Served) -> Row:
    """Send a clip of which an edit list shows only what comes after thousands of frames of 4K."""
    content = hidden_frames(FRAMES)
    with visit(studio) as client:
        began, before = time.monotonic(), studio.seconds_of_children
        reply = client.post("/clips", content=content)
        waited, computed = time.monotonic() - began, studio.seconds_of_children - before
    seen = f"{len(content) / 1e6:.1f} MB, {reply.status_code}, {computed:.1f} s of the processor within {waited:.0f} s"
    return Row(f"an edit list over {FRAMES} frames of 4K", computed < MOST_DECODING, seen)


def hidden_frames(count: int, size: str = "4096x2304") -> bytes:
    """Make an MP4 whose edit list begins at the last of so many frames, of which only the first is said to be a key.

    Ten frames are encoded, every fifth a key, and repeated.
    """
    run_ffmpeg = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-y"]
    with tempfile.TemporaryDirectory() as folder:
        short, long, made = (Path(folder) / f"{name}.mp4" for name in ("short", "long", "made"))
        coding = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "51", "-g", "5", "-frames:v", "10"]
        subprocess.run([*run_ffmpeg, "-f", "lavfi", "-i", f"color=gray:s={size}:r=30", *coding, str(short)], check=True)
        looped = ["-stream_loop", str(count // 10 - 1), "-i", str(short), "-c", "copy", str(long)]
        subprocess.run([*run_ffmpeg, *looped], check=True)
        long.write_bytes(_with_one_key(long.read_bytes()))
        cut = ["-ss", str((count - 1.5) / 30), "-i", str(long), "-c", "copy", str(made)]
        subprocess.run([*run_ffmpeg, *cut], check=True)
        return _with_one_key(made.read_bytes())


def _with_one_key(content: bytes) -> bytes:
    """Let an MP4's table of key frames (its box stss: version, count, numbers) have its first entry only."""
    place = content.index(b"stss")
    return content[: place + 8] + (1).to_bytes(4, "big") + content[place + 12 :]


def wrong(studio: Served, log: Path) -> Row:
    """Ask what cannot be answered, and look how the log tells of it."""
    before = len(log.read_text())
    file = {"path": f"/etc/{SECRET}", "meta": {"_type": "gradio.FileData"}}
    asked = [
        ("biggan_truncation", ["no number"] * 3),
        ("biggan_truncation", [0.5] * 60),
        ("photo_stylization_stylize", [file, file]),
        ("photo_stylization_stylize", [f"/etc/{SECRET}", f"https://elsewhere.example/{SECRET}"]),
        (SECRET, []),
    ]
    unexplained = 0
    with visit(studio) as client:
        for endpoint, data in asked:
            reply = client.post(f"/{API}/call/{endpoint}", json={"data": data})
            text = reply.text
            if reply.status_code == 200:
                text = client.get(f"/{API}/call/{endpoint}/{reply.json()['event_id']}").text
            unexplained += '"error": null' in text or "data: null" in text
    said = log.read_text()[before:]
    tracebacks, lines = said.count("Traceback"), len(said.splitlines())
    held = not unexplained and not tracebacks and SECRET not in said
    seen = f"{unexplained} without a sentence, {tracebacks} tracebacks and {lines} lines in the log"
    return Row(f"{len(asked)} wrong requests of programs", held, seen)


def full_disk(studio: Served) -> Row:
    """Let the server's disk take nothing more for a while; whoever may not do that is told so."""
    dancer = (ROOT / "assets" / "examples" / "dancer.mp4").read_bytes()

    def statuses() -> list[int]:
        with visit(studio) as client:
            return [
                client.post("/clips", content=dancer).status_code,
                client.post(f"/{API}/upload", files={"files": ("noise.bin", bytes(1_000_000))}).status_code,
                client.post(f"/{SERVICE}", json={"ask": "begin", "trials": 24, "room": ""}).status_code,
                200 if "event: complete" in run(client, "biggan_truncation") else 507,
            ]

    before = resource.prlimit(studio.process, resource.RLIMIT_FSIZE)
    resource.prlimit(studio.process, resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        full = statuses()
    finally:
        resource.prlimit(studio.process, resource.RLIMIT_FSIZE, before)
    healed = statuses()
    held = set(full) <= {503, 507} and set(healed) == {200}
    return Row("a full disk", held, f"clip, upload, participant, run: {full}, then with room {healed}")


def stop_of_another(studio: Served, checkpoint: str = "time-limited-resnet18") -> Row:
    """Stop another visitor's download; the Hub that the server asks never answers."""
    with visit(studio) as starter, visit(studio) as other, intruder(studio) as program:
        starter.post(f"/checkpoints/{checkpoint}", json={"action": "Download"})
        for client in (other, program):
            client.post(f"/checkpoints/{checkpoint}", json={"action": "Cancel"})
        still = starter.get(f"/checkpoints/{checkpoint}").json()
        starter.post(f"/checkpoints/{checkpoint}", json={"action": "Cancel"})
        after = starter.get(f"/checkpoints/{checkpoint}").json()
    held = still["action"] == "Cancel" and after["action"] == "Try again"
    return Row("the stop of another's download", held, f"it offers {still['action']!r}, then {after['action']!r}")


@contextmanager
def peak(studio: Served) -> Iterator[list[float]]:
    """Follow by how many bytes the server grows at the most until the end of the block."""
    before, grown, ended = studio.memory, [0.0], threading.Event()

    def follow() -> None:
        while not ended.wait(0.02):
            grown[0] = max(grown[0], studio.memory - before)

    following = threading.Thread(target=follow)
    following.start()
    try:
        yield grown
    finally:
        ended.set()
        following.join()


def words(reply: httpx.Response) -> str:
    """Return the sentence of an answer, if it is one."""
    try:
        said = reply.json()
    except ValueError:
        return reply.text[:120]
    return str(said.get("error", "no error"))[:120] if isinstance(said, dict) else ""
