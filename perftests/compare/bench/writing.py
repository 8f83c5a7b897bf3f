"""The sample of the write path after `notify`: acks in bulk, read all, prune."""

from ...suites.kit.clients import Clients
from ...users import create_users
from .sample import Round, thread_microseconds
from .works import Work, acknowledging, pruning, reading_all

DELIVERIES = 200
"""So many are written at once by each."""


def prepare_writes(clients: Clients) -> Round:
    """CPU time for each delivery that is written."""
    users = create_users(DELIVERIES)
    # The last one deletes what the others have left, so that no round has more of it.
    works = [acknowledging(users), reading_all(users[0], DELIVERIES), pruning(users)]
    return lambda: {work.name: _for_each(work) for work in works}


def _for_each(work: Work) -> float:
    prepared = work.prepare()
    return thread_microseconds(lambda: work.run(prepared)) / DELIVERIES
