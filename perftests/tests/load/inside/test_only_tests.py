from unittest import mock

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.test import SimpleTestCase

from perftests.load.inside.only_tests import SETTINGS, refuse_sites


class RefusalTests(SimpleTestCase):
    def test_a_site_cannot_serve_what_takes_commands(self):
        with self.assertRaisesMessage(ImproperlyConfigured, "some.door takes commands from"):
            refuse_sites("some.door")

    def test_a_server_of_the_tests_may_serve_what_takes_commands(self):
        with mock.patch.object(settings, "SETTINGS_MODULE", SETTINGS):
            refuse_sites("some.door")
