"""docs/reference/protocol.md, rule by rule, on real servers, by a client made of it alone."""

from unittest import mock

from django.conf import settings
from django.test import TransactionTestCase, tag

from perftests.load.server import process

from .protocol_rules import RECONNECT, Conformance


@tag("slow")
class DaphneConformanceTests(Conformance, TransactionTestCase):
    make = "daphne"


@tag("slow")
class UvicornConformanceTests(Conformance, TransactionTestCase):
    make = "uvicorn"


@tag("slow")
class PlainUvicornConformanceTests(UvicornConformanceTests):
    """uvicorn with its own class, which offers no prepared frames."""

    @classmethod
    def setUpClass(cls):
        with mock.patch.object(process, "websockets_class", return_value="websockets-sansio"):
            super().setUpClass()


class ReconnectCodesTests(TransactionTestCase):
    def test_the_codes_to_reconnect_after_are_those_of_the_document(self):
        text = (settings.BASE_DIR / "docs" / "reference" / "protocol.md").read_text()
        rows = [line.split("|") for line in text.splitlines() if line.endswith("| reconnect |")]
        self.assertEqual({int(row[1]) for row in rows}, RECONNECT)
