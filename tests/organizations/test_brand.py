"""Any colour an organization may choose leaves text on it readable."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tenantry.organizations import brand


@given(st.integers(0, 0xFFFFFF))
def test_text_on_the_brand_reads(number: int) -> None:
    lightness, chroma, hue = brand.readable(*brand.oklch(f"#{number:06x}"))
    text = brand.srgb(0.99 if lightness < brand.SWITCH else 0.18, 0, 0)
    assert brand.contrast(brand.srgb(lightness, chroma, hue), text) >= brand.ENOUGH
    assert all(-0.001 <= part <= 1.001 for part in brand.srgb(lightness, chroma, hue))


def test_a_colour_that_reads_is_kept() -> None:
    lightness, chroma, hue = brand.oklch("#3b5bdb")
    kept = brand.readable(lightness, chroma, hue)
    assert abs(kept[0] - lightness) < 0.005
    assert abs(kept[2] - hue) < 0.01
    assert brand.theme_of("") == ""
