import json

from asgiref.sync import sync_to_async
from channels.testing import HttpCommunicator
from django.contrib.auth.models import User
from django.test import SimpleTestCase, TransactionTestCase

from notifications.models import Delivery
from perftests.load.inside.commands import control
from perftests.load.inside.sending import notify_all


async def asked(command, **arguments):
    """Status and answer of one command."""
    body = json.dumps(arguments).encode()
    response = await HttpCommunicator(control, "POST", f"/control/{command}", body).get_response()
    return response["status"], json.loads(response["body"])


class CommandTests(SimpleTestCase):
    async def test_a_command_to_the_server_is_answered_with_its_result(self):
        status, answer = await asked("cpu")
        self.assertEqual((status, set(answer)), (200, {"seconds", "loop_seconds"}))

    async def test_an_unknown_command_to_the_server_is_answered_with_those_there_are(self):
        status, answer = await asked("dance")
        self.assertEqual(status, 404)
        self.assertIn("There is no command 'dance'; there are notify, ", answer["error"])

    async def test_a_command_to_the_server_that_fails_is_answered_with_the_reason(self):
        with self.assertLogs("perftests.load.inside.commands"):
            status, answer = await asked("cpu", faster=True)
        self.assertEqual(status, 500)
        self.assertIn("cpu failed: TypeError", answer["error"])


class SendingTests(TransactionTestCase):
    async def test_sending_inside_the_server_tells_when_each_was_due_and_committed(self):
        ada = await sync_to_async(User.objects.create)(username="ada")
        sent = await sync_to_async(notify_all)([[ada.pk]] * 3, None, {"title": "Hello"})
        self.assertEqual([len(sent[key]) for key in ("ids", "due_ns", "committed_ns")], [3] * 3)
        self.assertEqual(await Delivery.objects.acount(), 3)
