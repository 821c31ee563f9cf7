"""Any colour that somebody may choose leaves text on it readable."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tenantry.kit import colours


@given(st.integers(0, 0xFFFFFF))
def test_text_on_the_brand_reads(number: int) -> None:
    lightness, chroma, hue = colours.readable(*colours.oklch(f"#{number:06x}"))
    text = colours.srgb(0.99 if lightness < colours.SWITCH else 0.18, 0, 0)
    assert colours.contrast(colours.srgb(lightness, chroma, hue), text) >= colours.ENOUGH
    assert all(-0.001 <= part <= 1.001 for part in colours.srgb(lightness, chroma, hue))
    ground, text = (colours.srgb(*colours.oklch(shown)) for shown in colours.button_of(f"#{number:06x}"))
    assert colours.contrast(ground, text) >= colours.ENOUGH - 0.05  # what is lost by rounding to 256 steps


def test_a_colour_that_reads_is_kept() -> None:
    lightness, chroma, hue = colours.oklch("#3b5bdb")
    kept = colours.readable(lightness, chroma, hue)
    assert abs(kept[0] - lightness) < 0.005
    assert abs(kept[2] - hue) < 0.01
    assert colours.theme_of("") == ""
