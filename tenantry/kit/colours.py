"""A brand's colour as the three custom properties that the look is made of, and as a button's two colours in a mail.

OKLCH after Björn Ottosson, "A perceptual color space for image processing" (2020); contrast after WCAG 2.2 §1.4.3.
"""

from __future__ import annotations

import math

Linear = tuple[float, float, float]
ENOUGH = 4.5
SWITCH = 0.66  # from this lightness on tenantry.css writes near-black on the brand
STRONGER = 0.08  # how much darker the brand gets under the pointer


def theme_of(colour: str) -> str:
    """A stylesheet that sets ``--brand-l/-c/-h`` from ``#3b5bdb``; empty for no colour.

    The hue stays; the lightness moves as little as it takes for text on the brand to have a contrast of 4.5.
    """
    if not colour:
        return ""
    lightness, chroma, hue = readable(*oklch(colour))
    return f":root {{ --brand-l: {lightness:.3f}; --brand-c: {chroma:.4f}; --brand-h: {hue:.2f}; }}\n"


def button_of(colour: str) -> tuple[str, str]:
    """Ground and text of a button, as ``#rrggbb``, from a brand's colour: the same that pages show. Mails know no custom properties."""
    lightness, chroma, hue = readable(*oklch(colour))
    return hex_of(srgb(lightness, chroma, hue)), hex_of(srgb(0.99 if lightness < SWITCH else 0.18, 0, 0))


def hex_of(colour: Linear) -> str:
    """``#rrggbb`` of a linear-light sRGB colour."""
    return "#" + "".join(f"{round(_encoded(min(1.0, max(0.0, part))) * 255):02x}" for part in colour)


def oklch(colour: str) -> tuple[float, float, float]:
    """Lightness 0 to 1, chroma, and hue in degrees of a ``#rrggbb``."""
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    medium = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    lightness = 0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short
    a = 1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short
    return lightness, math.hypot(a, b), math.degrees(math.atan2(b, a)) % 360


def readable(lightness: float, chroma: float, hue: float) -> tuple[float, float, float]:
    """The nearest lightness (0.30 to 0.85) at which text on the brand can be read, and a chroma that a screen can show there."""
    steps = sorted((step / 200 for step in range(60, 171)), key=lambda step: abs(step - lightness))
    for step in steps:
        shown = displayable(step, chroma, hue)
        if _text_reads(step, shown, hue):
            return step, shown, hue
    return 0.52, displayable(0.52, chroma, hue), hue


def _text_reads(lightness: float, chroma: float, hue: float) -> bool:
    text = srgb(0.99 if lightness < SWITCH else 0.18, 0, 0)
    pressed = lightness - STRONGER
    grounds = (srgb(lightness, chroma, hue), srgb(pressed, displayable(pressed, chroma, hue), hue))
    return all(contrast(ground, text) >= ENOUGH for ground in grounds)


def displayable(lightness: float, chroma: float, hue: float) -> float:
    """The chroma, lowered until the colour lies within sRGB."""
    while chroma > 0 and not all(-0.0005 <= part <= 1.0005 for part in srgb(lightness, chroma, hue)):
        chroma -= 0.002
    return max(chroma, 0.0)


def srgb(lightness: float, chroma: float, hue: float) -> Linear:
    """Linear-light sRGB of an OKLCH colour; beyond 0 to 1 where no screen shows it."""
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def contrast(one: Linear, other: Linear) -> float:
    """The contrast ratio of two colours, 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Linear) -> float:
    red, green, blue = (min(1.0, max(0.0, part)) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def _encoded(part: float) -> float:
    return part * 12.92 if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055
