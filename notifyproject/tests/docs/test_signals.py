"""docs/reference/signals.md against the code."""

import contextlib
import io

from django.dispatch import Signal
from django.test import TransactionTestCase

from notifications import signals
from notifications.send import notify
from notifications.tests.users import make_user

from .pages import block, page, table

PAGE = page("reference/signals")


class SignalPageTests(TransactionTestCase):
    def test_each_signal_is_documented_with_what_its_batch_has(self):
        documented = table(PAGE, "signal")
        public = {name for name, value in vars(signals).items() if isinstance(value, Signal)}
        self.assertEqual(set(documented), public)
        for batch, *_ in documented.values():
            name, _, fields = batch.strip("`)").partition("(")
            self.assertEqual(list(getattr(signals, name).__slots__), fields.split(", "))

    def test_the_receiver_of_the_page_hears_what_is_sent(self):
        names = {}
        exec(block(PAGE, "python", "# receivers.py"), names)
        self.addCleanup(signals.sent.disconnect, names["count_by_category"])
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            notify([make_user("ada"), make_user("bob")], "Hello", category="order")
        self.assertEqual(printed.getvalue(), "order 2\n")
