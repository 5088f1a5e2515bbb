"""Builds the ffmpeg filters that turn a clip's frames into pictures of 8 bits a colour for an ordinary screen.

Perceptual quantisation (PQ) is SMPTE ST 2084, hybrid log-gamma (HLG) is ARIB STD-B67; both are in ITU-R BT.2100.
"""

import re

from engines.runtime.tracks import Colours

HDR = {"smpte2084": "PQ", "arib-std-b67": "HLG"}
"""Transfer functions of high dynamic range, in ffmpeg's names."""
WIDE = {"bt2020", "smpte431", "smpte432"}
"""Primaries wider than an ordinary screen's, in ffmpeg's names: BT.2020, and the P3 of cinemas and of phones."""
SRGB = "iec61966-2-1"
WHITE = 203
"""The luminance of a white sheet of paper in HDR, in candelas per square metre (ITU-R BT.2408); here it is linear light
1."""
PEAK = 1000
"""The largest luminance that is told from white: that of HLG's nominal screen (BT.2100). Brighter light becomes
white."""
KNEE = 0.3
"""The linear light up to which the tone curve changes nothing; above it, a Möbius transformation takes the peak to
1."""
DEEP = re.compile(r"(yuv4\d\dp|gbrp|gray)\d+[lb]e")
"""Pixel formats of more than 8 bits; each begins with the name of the same format in 8 bits."""
DEINTERLACED = "bwdif=mode=send_frame:deint=interlaced"
"""Merges the two halves of each frame that is marked as interlaced; other frames pass unchanged."""
ON_WHITE = "split[over][under];[under]drawbox=c=white:t=fill:replace=1[white];[white][over]overlay=format=gbrp"


def pictures(colours: Colours, longest: int) -> list[str]:
    """Build the filters that turn a clip's frames into sRGB pictures of 8 bits a colour, sized as by `within`.

    Transparent pixels are put on white, and HDR is compressed to the range of an ordinary screen.
    """
    filters = [DEINTERLACED] if colours.may_be_interlaced else []
    if colours.is_see_through:
        filters.append(ON_WHITE)
    if colours.transfer in HDR or colours.primaries in WIDE:
        filters += [within(longest), *_on_screen(colours)]
    else:
        # The rest is as for a clip of 8 bits, because ffmpeg's ways to RGB differ by a few levels.
        deep = DEEP.fullmatch(colours.layout)
        filters += [*([f"format={deep[1]}"] if deep else []), within(longest)]
    return [*filters, "format=rgb24"]


def within(longest: int) -> str:
    """Build the filter that makes pixels square, and pictures smaller if their longer side exceeds `longest` pixels.

    It does both in one step, because a hostile pixel aspect would make the picture between two steps as large as it
    likes.
    """
    width, height = "iw*max(sar,1)", "ih*max(1/sar,1)"
    shrink = f"min(1,{longest}/max({width},{height}))"
    size = ":".join(f"'max(1,trunc({side}*{shrink}+.5))'" for side in (width, height))
    return f"scale={size}:flags=lanczos,setsar=1"


def _on_screen(colours: Colours) -> list[str]:
    """Convert by linear light to the primaries of BT.709, with the tone curve if the clip is HDR, and on to sRGB."""
    primaries = colours.primaries if colours.primaries in WIDE else "bt2020"
    transfer = colours.transfer if colours.transfer in HDR else SRGB
    known = f"matrixin=gbr:rangein=full:primariesin={primaries}:transferin={transfer}"
    linear = f"zscale={known}:matrix=gbr:range=full:primaries=bt709:transfer=linear:npl={WHITE}"
    curve = [f"tonemap=mobius:param={KNEE}:peak={PEAK / WHITE:.4f}:desat=0"] if colours.transfer in HDR else []
    # The first step undoes the clip's own matrix and range, in more levels than any clip has.
    return ["format=gbrp16le", linear, "format=gbrpf32le", *curve, f"zscale=transfer={SRGB}"]
