import json
from contextlib import redirect_stdout
from io import StringIO

from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.test import TestCase

from notifications.models import Delivery, Notification

from ..users import make_user


class NotifyCommandTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.alice, cls.bob = make_user("alice"), make_user("bob")
        cls.gone = make_user("gone", is_active=False)
        cls.group = Group.objects.create(name="operators")
        cls.bob.groups.add(cls.group)

    def run_command(self, *arguments):
        output = StringIO()
        call_command("notify", *arguments, stdout=output)
        return output.getvalue()

    def recipients(self):
        names = Delivery.objects.values_list("recipient__username", flat=True)
        return sorted(names)

    def assert_refused(self, message, *arguments):
        with self.subTest(arguments), self.assertRaisesRegex(CommandError, message):
            self.run_command(*arguments)
        self.assertFalse(Notification.objects.exists())

    def test_the_notify_command_sends_to_users_by_name(self):
        output = self.run_command("Hi", "alice", "bob")
        pk = Notification.objects.get(title="Hi").pk
        self.assertEqual(output, f"Notification {pk} is queued for 2 users.\n")
        self.assertEqual(self.recipients(), ["alice", "bob"])

    def test_the_notify_command_sends_to_a_group(self):
        self.run_command("Hi", "--group", "operators")
        self.assertEqual(self.recipients(), ["bob"])

    def test_the_notify_command_sends_to_everybody_who_is_active(self):
        self.run_command("Hi", "--all")
        self.assertEqual(self.recipients(), ["alice", "bob"])

    def test_the_notify_command_takes_the_content_that_notify_takes(self):
        options = {
            "--body": "Read this",
            "--level": "warning",
            "--category": "disks",
            "--url": "/disks/",
            "--data": json.dumps({"gb": 7}),
            "--key": "disk-full",
        }
        self.run_command("Hi", "alice", *(word for pair in options.items() for word in pair))
        notification = Notification.objects.get()
        self.assertEqual(
            (
                notification.body,
                notification.level,
                notification.category,
                notification.url,
                notification.data,
                notification.key,
            ),
            ("Read this", "warning", "disks", "/disks/", {"gb": 7}, "disk-full"),
        )

    def test_the_notify_command_with_the_same_key_again_adds_nothing(self):
        first = self.run_command("Hi", "alice", "--key", "a")
        self.assertEqual(self.run_command("Hi", "alice", "--key", "a"), first)
        self.assertEqual(Delivery.objects.count(), 1)

    def test_the_notify_command_wants_users_or_a_group_or_all(self):
        message = "Name the users, or --group NAME, or --all: one of the three."
        self.assert_refused(message, "Hi")
        self.assert_refused(message, "Hi", "alice", "--all")
        self.assert_refused(message, "Hi", "--group", "operators", "--all")

    def test_the_notify_command_names_a_user_or_a_group_that_does_not_exist(self):
        self.assert_refused("There is no user 'carol'.", "Hi", "alice", "carol")
        self.assert_refused("There is no group 'directors'.", "Hi", "--group", "directors")

    def test_the_notify_command_passes_on_why_notify_refuses(self):
        self.assert_refused("choose info, success, warning", "Hi", "alice", "--level", "loud")
        self.assert_refused("title is empty", "", "alice")
        self.assert_refused("not a link", "Hi", "alice", "--url", "javascript:alert(1)")

    def test_the_notify_command_wants_data_that_is_a_json_object(self):
        self.assert_refused("--data is not JSON: Expecting", "Hi", "alice", "--data", "{gb: 7}")
        for data in ("[]", "[1]", '"text"', "7", "false", "0"):
            self.assert_refused("data is .*; give a dict", "Hi", "alice", "--data", data)
        self.assert_refused("data is not JSON", "Hi", "alice", "--data", '{"a": NaN}')

    def test_the_help_of_the_notify_command_has_examples(self):
        with redirect_stdout(StringIO()) as output, self.assertRaises(SystemExit):
            self.run_command("--help")
        self.assertIn('manage.py notify "Deploy at six" --all\n', output.getvalue())
