import gc
from inspect import currentframe

from django.test import SimpleTestCase, tag

from notifications.hub import Socket
from perftests.load.inside import inspection


async def send(message):
    pass


def make_socket():
    return Socket(send, lambda: None, window=4)


@tag("slow")
class LiveObjectsTests(SimpleTestCase):
    async def test_a_socket_that_nobody_holds_does_not_count_as_live(self):
        before = inspection.live()["sockets"]
        kept, dropped = make_socket(), make_socket()
        dropped.pk = [dropped]  # only a collection can tell that nobody holds it
        gc.disable()
        self.addCleanup(gc.enable)
        del dropped

        self.assertEqual(inspection.live()["sockets"], before + 1)

        del kept
        self.assertEqual(inspection.live()["sockets"], before)


class ConnectionCountTests(SimpleTestCase):
    def test_a_connection_that_breaks_is_counted_no_longer(self):
        with self.assertRaises(ZeroDivisionError), inspection.connection():
            self.assertEqual(inspection.connected, 1)
            raise ZeroDivisionError
        self.assertEqual(inspection.connected, 0)


@tag("slow")
class GrownMemoryTests(SimpleTestCase):
    def test_the_line_that_kept_most_memory_is_named_first(self):
        kept = []
        inspection.trace()
        kept.append(bytearray(1_000_000))
        line = currentframe().f_lineno - 1
        first = inspection.grown()["lines"][0]
        self.assertTrue(first.startswith(f"perftests/tests/load/inside/test_inspection.py:{line} "))

    async def test_memory_that_is_kept_while_tracing_is_counted(self):
        inspection.trace()
        self.addCleanup(inspection.grown)
        before = await inspection.traced()
        kept = bytearray(1_000_000)
        self.assertAlmostEqual(await inspection.traced() - before, len(kept), delta=50_000)

    async def test_memory_that_is_garbage_is_not_counted_as_kept(self):
        inspection.trace()
        self.addCleanup(inspection.grown)
        before = await inspection.traced()
        garbage = [bytearray(1_000_000)]
        garbage.append(garbage)
        del garbage
        self.assertAlmostEqual(await inspection.traced() - before, 0, delta=50_000)

    def test_the_most_that_was_held_counts_from_the_last_start_of_tracing(self):
        inspection.trace()
        self.addCleanup(inspection.grown)
        bytearray(3_000_000)
        inspection.trace()
        bytearray(1_000_000)
        self.assertAlmostEqual(inspection.peak(), 1_000_000, delta=200_000)

    async def test_the_type_of_which_most_objects_were_kept_is_named_first(self):
        inspection.trace()
        kept = [make_socket() for _ in range(50)]
        first = inspection.grown()["types"][0]
        self.assertEqual(first, f"{len(kept)} × {Socket.__module__}.Socket")

    async def test_objects_that_were_there_before_are_not_named(self):
        kept = [make_socket() for _ in range(50)]
        inspection.trace()
        self.assertNotIn("Socket", " ".join(inspection.grown()["types"]))
        self.assertTrue(kept)
