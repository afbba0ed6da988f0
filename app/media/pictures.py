"""Thumbnails with Pillow, of bytes that anybody may have sent.

Against decompression bombs: the header's size is checked before a pixel is decoded, JPEGs are
decoded at a fraction of their size, and only one picture is decoded at a time in a process.
"""

from __future__ import annotations

import io
import threading
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps

SIDE = 640
"""pixels"""
MAX_PIXELS = 16_000_000
"""64 MiB as RGBA; a worker has 256 MiB"""
MAX_JPEG_PIXELS = 50_000_000
"""a JPEG is scaled down while it is decoded"""
ORIENTATION = 0x0112
"""the EXIF tag; from 5 on the picture lies on its side"""
_one_at_a_time = threading.Lock()


class NotAPicture(Exception):
    """These bytes are no picture that we show; the text says why."""


@dataclass(frozen=True)
class Thumbnail:
    """A WebP, and the size of the picture it was made of."""

    data: bytes
    width: int
    height: int


def thumbnail(data: bytes, form: str) -> Thumbnail:
    """A picture of at most SIDE x SIDE, upright, of bytes in Pillow's format `form`."""
    with _one_at_a_time, warnings.catch_warnings():
        # MAX_PIXELS is stricter than Pillow's own limit, whose warning is turned into an error.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            return _thumbnail(data, form)
        except (NotAPicture, MemoryError):
            raise
        except Exception as error:
            # Pillow's decoders raise about anything on broken bytes (OSError, SyntaxError,
            # ValueError, struct.error, EOFError …): whatever it is, it is the picture's fault.
            raise NotAPicture(f"The picture is damaged ({type(error).__name__}).") from error


def _thumbnail(data: bytes, form: str) -> Thumbnail:
    with Image.open(io.BytesIO(data), formats=[form]) as picture:
        width, height = picture.size
        longest = MAX_JPEG_PIXELS if form == "JPEG" else MAX_PIXELS
        if width * height > longest:
            raise NotAPicture(f"The picture has more than {longest // 1_000_000} megapixels.")
        if min(width, height) < 1:
            raise NotAPicture("The picture is empty.")
        turned = picture.getexif().get(ORIENTATION, 1) >= 5
        alpha = "A" in picture.getbands() or "transparency" in picture.info
        small: Image.Image = picture
        if picture.mode not in ("RGB", "RGBA", "L"):
            # Palettes cannot be scaled smoothly, and WebP knows no other modes.
            small = picture.convert("RGBA" if alpha else "RGB")
        small.thumbnail((SIDE, SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0)
        small = ImageOps.exif_transpose(small).convert("RGBA" if alpha else "RGB")
        out = io.BytesIO()
        small.save(out, "WEBP", quality=80, method=2)
    return Thumbnail(out.getvalue(), *((height, width) if turned else (width, height)))
