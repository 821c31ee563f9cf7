"""Every code that a client can meet is in docs/errors.md, with its statuses and a way out."""

from __future__ import annotations

import re

from .problems import ROOT, codes

ROW = re.compile(r"^\| `([a-z_]+)` \| ([\d, ]+) \| (.+) \|$", re.M)


def _documented() -> dict[str, tuple[set[int], str]]:
    text = (ROOT / "docs" / "errors.md").read_text()
    return {code: ({int(status) for status in statuses.split(",")}, meaning) for code, statuses, meaning in ROW.findall(text)}


def test_the_table_is_what_the_code_says() -> None:
    assert {code: statuses for code, (statuses, _) in _documented().items()} == codes()


def test_codes_have_the_form_of_the_house_and_sentences_end() -> None:
    for code, (statuses, meaning) in _documented().items():
        assert re.fullmatch(r"[a-z][a-z_]{3,40}", code), code
        assert statuses, code
        assert meaning.endswith((".", ")")), code


def test_each_code_stands_once_and_in_order() -> None:
    rows = ROW.findall((ROOT / "docs" / "errors.md").read_text())
    keys = [(int(statuses.split(",")[0]), code) for code, statuses, _ in rows]
    assert keys == sorted(set(keys))
