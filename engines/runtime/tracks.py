"""Reads what a clip's container says about its pictures and its sound, from packets alone: nothing is decoded."""

import re
from fractions import Fraction
from typing import NamedTuple

from engines.runtime import ffmpeg
from engines.runtime.errors import InputError

MAXIMUM_PACKETS = 200_000
"""The number of packets of pictures that are examined: an hour at 55 a second."""
LONE_FRAME = Fraction(1, 25)
"""Seconds that the last frame lasts if the container does not say."""
NO_TIME = -(2**63)
DISCARD = 0x4
"""ffmpeg's packet flag for what is decoded and not shown, as before the beginning of an edit. Disposable packets, 0x10,
are shown: no other picture is made from them."""

PACKET = re.compile(
    r"^0, *(-?\d+), *(-?\d+), *(-?\d+), *\d+, 0x[0-9a-f]+(?:, F=0x([0-9A-F]+))?(?:, S=.*)?$", re.MULTILINE
)
"""Decoding time, showing time, duration and flags in the lines of ffmpeg's framecrc."""
FACT = re.compile(r"^#(\w+) 0: (.*)$", re.MULTILINE)
STREAM = re.compile(r"^  Stream #0:\d+\S*: (Video|Audio): (\w+)(.*)$", re.MULTILINE)
"""The kind, codec and description of each stream in ffmpeg's log; the file's metadata stand further to the right."""
PIXELS = re.compile(r", (\w+)(?:\((.*?)\))?, \d+x\d+")
"""The format of pixels in a description, and what else is known of them."""
UNUSUAL_PICTURES = re.compile(r"\((?:attached pic|still image|timed thumbnails)\)")
OWN_COLOURS = re.compile(r"DOVI configuration record: .*compatibility id: 0\b")
"""Dolby Vision whose colours only its own decoders know (profile 5)."""
SEE_THROUGH = re.compile(r"yuva|gbrap|rgba|bgra|argb|abgr|ya8|pal8")
"""Formats of pixels with transparency."""
SEE_THROUGH_BESIDE = re.compile(r"^ +alpha_mode +: 1$", re.MULTILINE)
"""WebM's mark of transparency, which it keeps beside the pictures."""


class Colours(NamedTuple):
    """Describes a clip's pixels, in ffmpeg's names; a text is empty if neither container nor codec says.

    `layout` is the format of pixels.
    """

    layout: str
    primaries: str
    transfer: str
    may_be_interlaced: bool
    is_see_through: bool


class Track(NamedTuple):
    """Describes the pictures of a clip; `times`, and how long the `last` one lasts, are in seconds.

    `is_timed` tells whether the container has the time of each picture, not only their order. `films` counts the tracks
    of pictures, of which this is the first; `sounds` are the codecs of the tracks of sound.
    """

    codec: str
    width: int
    height: int
    times: list[Fraction]
    last: Fraction
    is_timed: bool
    colours: Colours
    films: int
    sounds: list[str]

    @property
    def duration(self) -> Fraction:
        """Compute the seconds from the first picture to the end of the last."""
        return self.times[-1] - self.times[0] + self.last

    @property
    def decoder(self) -> list[str]:
        """Return ffmpeg's arguments for the decoder that reads transparency, if its usual one does not."""
        own = {"vp8": "libvpx", "vp9": "libvpx-vp9"}.get(self.codec)
        return ["-c:v", own] if own and self.colours.is_see_through else []


def read_track(content: bytes, name: str, accepted: str) -> Track:
    """Read what the container says about its pictures; `accepted` are the words with which it is refused.

    Raises:
        InputError: the container is damaged and says nothing, has no pictures or too many, or colours that only its own
            decoder knows.
    """
    copied = ["-map", "0:V:0", "-c", "copy", "-frames:v", str(MAXIMUM_PACKETS), "-f", "framecrc", "pipe:1"]
    with ffmpeg.source(content) as source:
        lines, log = ffmpeg.told([*source, *copied])
    log = log.partition("\nStream mapping:")[0]
    facts = dict(FACT.findall(lines))
    packets = PACKET.findall(lines)
    if len(packets) >= MAXIMUM_PACKETS:
        raise InputError(f"{name}: the clip has {MAXIMUM_PACKETS:,} frames or more; cut it to what matters.")
    shown = [
        (int(dts) if int(pts) == NO_TIME else int(pts), max(0, int(duration)))
        for dts, pts, duration, flags in packets
        if not int(flags or "1", 16) & DISCARD
    ]
    streams = [found for found in STREAM.findall(log) if not UNUSUAL_PICTURES.search(found[2])]
    films = [(codec, words) for kind, codec, words in streams if kind == "Video"]
    size = re.fullmatch(r"(\d+)x(\d+)", facts.get("dimensions", ""))
    tick = re.fullmatch(r"(\d+)/([1-9]\d*)", facts.get("tb", ""))
    if not shown or not films or not size or not tick:
        raise InputError(f"{name}: there are no pictures in it, or it is damaged or cut short; {accepted}.")
    if OWN_COLOURS.search(log):
        raise InputError(
            f"{name}: the clip is in Dolby Vision alone, whose colours are not read here; save it as HDR10, HLG or SDR."
        )
    shown.sort()
    seconds = Fraction(int(tick[1]), int(tick[2]))
    return Track(
        codec=facts.get("codec_id", films[0][0]),
        width=int(size[1]),
        height=int(size[2]),
        times=[seconds * time for time, _ in shown],
        last=seconds * shown[-1][1] or LONE_FRAME,
        is_timed=all(int(pts) != NO_TIME for _, pts, _, _ in packets),
        colours=_colours(*films[0], see_through=bool(SEE_THROUGH_BESIDE.search(log))),
        films=len(films),
        sounds=[codec for kind, codec, _ in streams if kind == "Audio"],
    )


def _colours(codec: str, words: str, see_through: bool) -> Colours:
    """Parse ffmpeg's description of a stream's pixels, such as `yuv420p10le(tv, bt2020nc/bt2020/smpte2084)`."""
    found = PIXELS.search(words)
    layout, known = (found[1], (found[2] or "").split(", ")) if found else ("", [""])
    colour = next((part.split("/") for part in known if part.count("/") == 2), ["", "", ""])
    _, primaries, transfer = ("" if each == "unknown" else each for each in colour)
    # In MPEG-4 each frame says whether it is interlaced; progressive ones stay as they are.
    may_be_interlaced = any("first" in part for part in known) or codec == "mpeg4"
    return Colours(layout, primaries, transfer, may_be_interlaced, see_through or bool(SEE_THROUGH.match(layout)))
