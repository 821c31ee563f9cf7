"""How full something is, in words and as a bar."""

from __future__ import annotations

from typing import Any

NEAR = 0.8


def meter_context(label: str, used: int, limit: int | None, held: int, held_word: str) -> dict[str, Any]:
    """What ``portal/parts/meter.html`` shows. Widths are percentages and add up to 100 at most."""
    total, state, fill, shade = used + held, "", 0.0, 0.0
    parts = [f"{used:,} in use"] if held or limit is None else [f"{used:,} of {limit:,}"]
    if held:
        parts.append(f"{held:,} {held_word}")
    if limit is None:
        parts.append("no limit")
        return {"label": label, "text": " · ".join(parts), "state": "", "limit": None}
    if limit == 0 and not total:
        return {"label": label, "text": "none included", "state": "", "limit": 0, "now": 0, "most": 0, "fill": "0", "shade": ""}
    if limit:
        fill = min(100.0, round(100 * used / limit, 2))
        shade = round(min(100.0 - fill, 100 * held / limit), 2)
    else:
        fill = 100.0
    if total >= limit:
        state = "full"
        parts.append(f"{total - limit:,} over the limit" if total > limit else f"none free of {limit:,}" if held else "none free")
    elif held:
        parts.append(f"{limit - total:,} free of {limit:,}")
    if state != "full" and total >= NEAR * limit:
        state = "near"
    return {
        "label": label,
        "text": " · ".join(parts),
        "state": state,
        "limit": limit,
        "now": total,
        "most": max(limit, total),
        "fill": f"{fill:g}",
        "shade": f"{shade:g}" if shade else "",
    }
