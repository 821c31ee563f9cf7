"""One form field with its label, hint and error, for any Django form."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms.boundfield import BoundField

_GROUPS = (forms.RadioSelect, forms.CheckboxSelectMultiple)


def kind(field: BoundField) -> str:
    """How the field is laid out: ``hidden``, ``check`` (box before label), ``group`` (fieldset) or ``line``."""
    widget = field.field.widget
    if widget.is_hidden:
        return "hidden"
    if isinstance(widget, _GROUPS):
        return "group"
    return "check" if isinstance(widget, forms.CheckboxInput) else "line"


def field_context(field: BoundField, *, hint: str = "", label: str = "", needed: bool = False, **extra: Any) -> dict[str, Any]:
    """What ``portal/parts/field.html`` shows.

    ``needed``: the form may be sent without it, and isn't complete then; so it isn't called optional.
    Further arguments become attributes of the widget, with ``_`` for ``-`` (``hx_get``); True is a bare attribute.
    """
    layout = kind(field)
    identifier = str(extra.get("id") or "") or field.id_for_label or field.auto_id or field.html_name
    hint = hint or str(field.help_text or "")
    hint_id, error_id = f"{identifier}-hint", f"{identifier}-error"
    described = [name for name, shown in ((hint_id, hint), (error_id, field.errors)) if shown]
    attrs: dict[str, Any] = {name.replace("_", "-"): value for name, value in extra.items()}
    if layout == "line":
        given = " ".join(filter(None, ["input", field.field.widget.attrs.get("class", ""), attrs.get("class", "")]))
        attrs["class"] = given
    if described:
        attrs["aria-describedby"] = " ".join(described)
    if field.errors:
        attrs["aria-invalid"] = "true"
    return {
        "field": field,
        "layout": layout,
        "control": field.as_widget(attrs=attrs) if layout != "group" else "",
        "options": field.subwidgets if layout == "group" else (),
        "identifier": identifier,
        "label": label or field.label,
        "optional": layout == "line" and not (field.field.required or field.field.disabled or needed),
        "hint": hint,
        "hint_id": hint_id,
        "error_id": error_id,
        "described": " ".join(described),
    }
