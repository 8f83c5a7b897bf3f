from django.db import DataError, OperationalError
from django.test import SimpleTestCase, tag
from hypothesis import given
from hypothesis import strategies as st

from notifications.db.batches import ask_together, attempt


class AskTogetherTests(SimpleTestCase):
    @tag("slow")
    @given(st.lists(st.integers(0, 300), unique=True), st.sets(st.integers(0, 300)))
    def test_each_key_that_spoils_a_batch_gets_an_error_of_its_own(self, keys, bad):
        def ask(some):
            for key in some:
                if key in bad:
                    raise DataError(str(key))
            return {key: -key for key in some if key % 2}

        found = ask_together(ask, keys)
        good = {key: -key for key in keys if key % 2 and key not in bad}
        self.assertEqual({k: v for k, v in found.items() if k not in bad}, good)
        spoilt = {key: str(error) for key, error in found.items() if key in bad}
        self.assertEqual(spoilt, {key: str(key) for key in keys if key in bad})

    def test_a_batch_that_no_key_spoils_is_asked_once(self):
        asked = []
        ask_together(lambda some: asked.append(some) or {}, range(200))
        self.assertEqual(asked, [list(range(200))])

    def test_an_empty_batch_is_not_asked(self):
        self.assertEqual(ask_together(lambda some: 1 / 0, []), {})

    def test_an_error_that_is_not_about_the_input_is_raised_without_asking_again(self):
        asked = []

        def ask(some):
            asked.append(some)
            raise OperationalError("the database is down")

        with self.assertRaises(OperationalError):
            ask_together(ask, [1, 2, 3])
        self.assertEqual(asked, [[1, 2, 3]])


class AttemptTests(SimpleTestCase):
    def test_an_attempt_returns_the_error_that_is_raised(self):
        self.assertEqual(attempt(int, "7"), 7)
        self.assertIsInstance(attempt(int, "seven"), ValueError)
