from django.test import SimpleTestCase

from perftests.suites.rivals.socketio import read_event


class EventTests(SimpleTestCase):
    def test_an_event_has_the_id_of_its_notification(self):
        self.assertEqual(read_event('42["notification",{"type":"x","id":7}]'), (7, ""))

    def test_an_event_that_asks_for_an_ack_has_its_number_too(self):
        text = '4212["notification",{"id":7,"type":"x","body":"[1]","data":{"a":["b"]}}]'
        self.assertEqual(read_event(text), (7, "12"))
