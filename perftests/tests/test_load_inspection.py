import gc

from django.test import SimpleTestCase

from notifications.hub import Socket
from perftests.load import inspection


async def send(message):
    pass


def make_socket():
    return Socket(send, lambda: None, window=4)


class LiveTests(SimpleTestCase):
    async def test_garbage_does_not_count(self):
        before = inspection.live()["sockets"]
        kept, dropped = make_socket(), make_socket()
        dropped.pk = [dropped]  # only a collection can tell that nobody holds it
        gc.disable()
        self.addCleanup(gc.enable)
        del dropped

        self.assertEqual(inspection.live()["sockets"], before + 1)

        del kept
        self.assertEqual(inspection.live()["sockets"], before)


class ConnectionTests(SimpleTestCase):
    def test_one_that_breaks_is_counted_no_longer(self):
        with self.assertRaises(ZeroDivisionError), inspection.connection():
            self.assertEqual(inspection.connected, 1)
            raise ZeroDivisionError
        self.assertEqual(inspection.connected, 0)
