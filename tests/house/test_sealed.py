"""Every sealed value can be found and opened by who has the keys: for changing keys, and before a backup is trusted."""

from __future__ import annotations

import re

from . import source


def test_sealed_columns_say_how_they_are_opened() -> None:
    """A column of what ``crypto.seal`` made is ``SealedField("<context>")``, and the value is sealed as ``"<context> <row id>"``."""
    from django.apps import apps

    from tenantry.install.sealed import columns

    declared = {f"{column.table}.{column.name}" for column in columns()}
    named = {
        f"{model._meta.db_table}.{field.column}"
        for model in apps.get_models()
        for field in model._meta.local_fields
        if field.column and field.column.startswith("sealed")
    }
    assert named == declared, "Make it a tenancy.fields.SealedField, so that tenantry secrets reseal finds it."


def test_sealing_uses_the_contexts_that_columns_declare() -> None:
    from tenantry.install.sealed import columns

    used = {
        found
        for name, module in source.code().modules.items()
        if not name.startswith(("tenantry.install", "tenantry.kit"))
        for found in re.findall(r"crypto\.seal\([^\n]*context=f\"([\w ]+) \{", module.text)
    }
    assert used == {column.context for column in columns()}
