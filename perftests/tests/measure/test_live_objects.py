import threading

from django.test import SimpleTestCase, tag
from django.utils.functional import SimpleLazyObject

from perftests.measure.memory import count_types, live_objects

LOOKS = 5


class Socket:
    pass


class SecureSocket(Socket):
    pass


class LiveObjectsTests(SimpleTestCase):
    @tag("slow")
    def test_live_objects_of_subclasses_are_counted_too(self):
        alive = [Socket(), Socket(), SecureSocket()]
        self.assertEqual(live_objects(Socket, SecureSocket), {"Socket": 3, "SecureSocket": 1})
        del alive
        self.assertEqual(live_objects(Socket), {"Socket": 0})

    @tag("slow")
    def test_garbage_in_cycles_does_not_count_as_live_objects(self):
        socket = Socket()
        socket.itself = socket
        del socket
        self.assertEqual(live_objects(Socket), {"Socket": 0})

    @tag("slow")
    def test_counting_live_objects_evaluates_no_lazy_object(self):
        evaluated = []
        lazy = SimpleLazyObject(lambda: evaluated.append(True) or Socket())
        self.assertEqual(live_objects(Socket), {"Socket": 0})
        self.assertEqual(evaluated, [])
        del lazy


class OtherThreadTests(SimpleTestCase):
    def test_a_thread_that_fills_a_tuple_meanwhile_goes_on(self):
        """CPython lets nobody resize a tuple that somebody else holds."""
        over = threading.Event()
        failures = []

        def fill():
            while not over.is_set():
                try:
                    tuple(number for number in range(10_000))
                except SystemError as error:
                    failures.append(error)

        thread = threading.Thread(target=fill)
        thread.start()
        try:
            for _ in range(LOOKS):
                count_types()
                live_objects(Socket)
        finally:
            over.set()
            thread.join()
        self.assertEqual(failures, [])
