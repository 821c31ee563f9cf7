"""Uploaded images are made anew: nothing but pixels is kept."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from PIL import Image

from tenantry.kit.problems import Problem
from tenantry.organizations.images import BOX, reencode


def _image(form: str, size: tuple[int, int] = (600, 300), **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, form, **options)
    return out.getvalue()


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_metadata_is_gone_and_the_size_is_bounded(form: str) -> None:
    exif = Image.Exif()
    exif[0x010E] = "taken at home, 52.5200 N 13.4050 E"
    given = _image(form, exif=exif)
    assert b"taken at home" in given
    made = reencode(given, kind="logo")
    assert b"taken at home" not in made
    opened = Image.open(io.BytesIO(made))
    assert opened.format == "PNG"
    assert not opened.getexif()
    assert opened.size[0] <= BOX["logo"][0]
    assert opened.size[1] <= BOX["logo"][1]


def test_a_turned_picture_is_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees to look at it
    assert Image.open(io.BytesIO(reencode(_image("JPEG", (200, 100), exif=exif), kind="logo"))).size == (100, 200)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "image_unreadable"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "image_unreadable"),
        (_image("GIF"), "image_unreadable"),
        (_image("PNG")[:60], "image_unreadable"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 100, "image_unreadable"),
        (b"x" * (2 * 1024 * 1024 + 1), "image_too_large"),
        (lambda: _image("PNG", (9000, 9000)), "image_too_large"),  # made by the one who looks at it, and not by all who load this
    ],
    ids=["empty", "svg", "gif", "cut off", "damaged", "bytes", "pixels"],
)
def test_what_is_no_picture_of_ours_is_refused(data: bytes | Callable[[], bytes], code: str) -> None:
    given = data if isinstance(data, bytes) else data()
    with pytest.raises(Problem) as refused:
        reencode(given, kind="banner")
    assert (refused.value.status, refused.value.code) == (422, code)
