from django.test import SimpleTestCase

from perftests.runner.selection import select
from perftests.suites.kit.counted.table import COUNTS

DELIVERED = {"missing", "unexpected", "reach"}
EXACTLY = {"sent twice", "out of order"}
QUEUED, UNREAD = "still queued at the end", "tabs with a wrong unread count"

# What has to be counted, whatever the suites say: written a second time, so that none is dropped.
AT_LEAST = {
    "N1": DELIVERED | EXACTLY | {"notify success", "to many: more queries than to one"},
    "N2": DELIVERED | EXACTLY | {QUEUED, UNREAD, "notify success", "database is locked"},
    "N3": DELIVERED | EXACTLY | {"few connected", "many connected", "mock: calls for a message"},
    "N4": DELIVERED | EXACTLY | {QUEUED, UNREAD, "queued"},
    "N5": DELIVERED | EXACTLY | {"delivered"},
    "N6": {"counted", "more queries for more rows"},
    "N7": DELIVERED
    | EXACTLY
    | {
        QUEUED,
        UNREAD,
        "overtaken by later ones",
        "frames for a notification",
        "bytes for a notification",
    },
    "N8": DELIVERED | EXACTLY,
    "N9": DELIVERED | EXACTLY | {QUEUED, UNREAD},
    "W1": DELIVERED | EXACTLY | {QUEUED, UNREAD, "connected", "statements while idle"},
    "W2": DELIVERED | EXACTLY | {QUEUED, UNREAD, "read marks lost", "refused frames"},
    "W3": DELIVERED | {UNREAD, "shown twice"},
    "W4": DELIVERED | EXACTLY | {"most file descriptors"},
    "W5": DELIVERED | EXACTLY | {"queries per broadcast"},
    "W6": DELIVERED | EXACTLY | {UNREAD, "back", "queries for each batch"},
    "W7": DELIVERED | {"live sockets after close", "more threads after close"},
    "W8": DELIVERED | EXACTLY | {"closed with code 4408"},
    "M1": {"retained per notification"},
    "M2": DELIVERED | EXACTLY | {"traced peak per queued notification"},
    "M3": DELIVERED | {"sent twice", "kept of each delivery"},
    "M4": DELIVERED | EXACTLY | {"kept of each delivery", "missing of those who came and went"},
    "M5": {"recovered", "dropped objects alive", "sockets that outlive their socket"},
    "M6": {"sockets alive after close", "kept of each connect", "kept of each message"},
    "D2": {
        f"{lookup}, without its index"
        for lookup in ("list an inbox", "count unread", "replay a queue", "acknowledge", "prune")
    },
    "D3": {f"{write}, statements" for write in ("notify one", "insert", "acknowledge", "prune")}
    | {f"{write}, growth of what is written" for write in ("notify many", "acks together")},
    "D4": {"failed writes", "lost updates", "rows marked twice", "deliveries lost"},
    "C1": DELIVERED | EXACTLY,
    "C2": DELIVERED | {QUEUED, "connections cut"},
    "C3": DELIVERED | {QUEUED, "closed during a short stall", "frozen and never closed"},
}


class CountsOfRowsTests(SimpleTestCase):
    def test_every_row_declares_all_counts_that_decide_it(self):
        for test in select([], [], everything=True):
            with self.subTest(test.id()):
                self.assertLessEqual(AT_LEAST.get(test.row, set()), set(test.counts))

    def test_counts_are_declared_for_rows_that_exist(self):
        rows = {test.row for test in select([], [], everything=True)}
        self.assertEqual(set(COUNTS) - rows, set())
