"""What /metrics says, as numbers."""

from __future__ import annotations

import os

import httpx
from prometheus_client.parser import text_string_to_metric_families

HEADERS = {"Authorization": f"Bearer {os.environ.get('TENANTRY_METRICS_TOKEN', '')}"}
Sample = tuple[str, frozenset[tuple[str, str]]]


class Counts:
    """The samples at one moment; two can be compared."""

    def __init__(self, url: str) -> None:
        answer = httpx.get(f"{url}/metrics", headers=HEADERS, timeout=10)
        assert answer.status_code == 200, answer.text
        self.text = answer.text
        self.samples: dict[Sample, float] = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
        }

    def __call__(self, name: str, **labels: str) -> float:
        """One sample; 0 where there is none yet."""
        return self.samples.get((name, frozenset(labels.items())), 0.0)

    def more(self, before: Counts, name: str, **labels: str) -> float:
        """How much it has grown since."""
        return self(name, **labels) - before(name, **labels)

    def values(self, label: str, *, of: str) -> set[str]:
        """Every value that a label of a sample takes."""
        return {value for name, labels in self.samples for key, value in labels if (name, key) == (of, label)}
