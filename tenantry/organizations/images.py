"""Logos and banners: taken apart and made anew, so that nothing but pixels is kept."""

from __future__ import annotations

import io

from PIL import Image, ImageOps, UnidentifiedImageError

from tenantry.kit.problems import invalid

MAX_BYTES = 2 * 1024 * 1024
MAX_PIXELS = 40_000_000
BOX = {"logo": (512, 512), "banner": (2000, 600)}


def reencode(data: bytes, *, kind: str) -> bytes:
    """A PNG of at most ``BOX[kind]`` from a PNG, JPEG or WebP of at most 2 MB; EXIF and everything else is gone.

    Raises Problem 422 ``image_too_large`` / ``image_unreadable``.
    """
    pointer = f"/{kind}"
    if len(data) > MAX_BYTES:
        raise invalid("An image has at most 2 MB.", pointer=pointer, code="image_too_large")
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP")) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise invalid("An image has at most 40 million pixels.", pointer=pointer, code="image_too_large")
            upright = ImageOps.exif_transpose(opened).convert("RGBA")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise invalid("That is not a PNG, JPEG or WebP image.", pointer=pointer, code="image_unreadable") from error
    upright.thumbnail(BOX[kind])
    clean = Image.new("RGBA", upright.size)
    clean.paste(upright)
    out = io.BytesIO()
    clean.save(out, "PNG", optimize=True)
    return out.getvalue()
