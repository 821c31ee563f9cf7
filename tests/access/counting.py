"""One process of several that count under the same key: ``python -m tests.access.counting TENANT KEY``.

Once ready it waits for a line of input. Then it asks PostgreSQL, and Redis where ``REDIS_URL`` names one, ``TRIES`` times each, with
two threads each, and prints how many of its requests each of them has admitted.
"""

from __future__ import annotations

import os
import sys
from uuid import UUID

from ..threads import Threads

LIMIT, SECONDS, TRIES = 200, 300, 120


def main(tenant: str, key: str) -> str:
    """``60 60``: admitted by PostgreSQL and by Redis."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from tenantry.access import counters  # its settings and connections suffice; Django's models would take seconds

    question = counters.Question(key, LIMIT, SECONDS, UUID(tenant))
    places = [counters.in_postgres, counters.in_redis][: 2 if os.environ.get("REDIS_URL") else 1]
    for place in places:
        place(question, cost=0)  # connects
    print("ready", flush=True)
    sys.stdin.readline()

    def lane(number: int) -> int:
        return sum(places[number % len(places)](question).admitted for _ in range(TRIES // 2))

    with Threads(2 * len(places)) as pool:
        found = list(pool.map(lane, range(2 * len(places))))
    return " ".join(str(sum(found[place :: len(places)])) for place in range(len(places)))


if __name__ == "__main__":
    print(main(*sys.argv[1:]))
