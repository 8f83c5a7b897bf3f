import re
from io import StringIO

from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client, TransactionTestCase, override_settings
from django.urls import reverse

from notifications.models import Delivery, Notification


def demo(**options):
    output = StringIO()
    call_command("demo", stdout=output, no_color=True, **options)
    return output.getvalue()


def password_in(output):
    return re.search(r"^Password of (.+): (\S+)$", output, re.MULTILINE)[2]


@override_settings(
    DEBUG=True,
    # The real one is slow on purpose.
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
)
class DemoCommandTests(TransactionTestCase):
    def test_the_demo_command_makes_users_who_can_sign_in_with_the_printed_password(self):
        password = password_in(demo())
        self.assertGreaterEqual(len(password), 12)
        for name, is_admin in (("demo", False), ("demo2", False), ("admin", True)):
            user = authenticate(username=name, password=password)
            self.assertEqual((user.is_staff, user.is_superuser), (is_admin, is_admin))

    def test_the_demo_command_sends_its_users_something_to_read(self):
        demo()
        for name in ("demo", "demo2", "admin"):
            self.assertTrue(Delivery.objects.filter(recipient__username=name).unread().exists())

    def test_a_second_run_of_the_demo_command_adds_nothing_and_keeps_the_passwords(self):
        password = password_in(demo())
        before = (User.objects.count(), Notification.objects.count(), Delivery.objects.count())
        output = demo()
        after = (User.objects.count(), Notification.objects.count(), Delivery.objects.count())
        self.assertEqual(after, before)
        self.assertIsNotNone(authenticate(username="demo", password=password))
        self.assertIn("All of them exist; --password PASSWORD sets a new password.", output)

    def test_the_demo_command_makes_missing_users_and_leaves_the_others_alone(self):
        User.objects.create_user("admin", password="my own", email="me@site.test")
        output = demo()
        self.assertIn("Password of demo, demo2:", output)
        admin = authenticate(username="admin", password="my own")
        self.assertEqual((admin.email, admin.is_superuser), ("me@site.test", False))

    def test_the_demo_command_sets_a_password_that_is_given_for_all(self):
        demo()
        self.assertIn("Password of demo, demo2, admin: chosen", demo(password="chosen"))
        for name in ("demo", "demo2", "admin"):
            self.assertIsNotNone(authenticate(username=name, password="chosen"))

    def test_the_demo_shows_a_bell_and_an_inbox(self):
        demo()
        client = Client(headers={"host": "127.0.0.1"})
        client.force_login(User.objects.get(username="demo"))
        page = client.get(reverse("notifications:inbox"))
        for shown in ("<notification-bell", "<notification-inbox", "Your trial ends", "Sign out"):
            self.assertContains(page, shown)

    def test_the_demo_command_says_what_to_do_next(self):
        output = demo()
        for words in (
            "python manage.py runserver",
            "http://127.0.0.1:8000/ ",
            f"http://127.0.0.1:8000{reverse('notifications:inbox')} ",
            "http://127.0.0.1:8000/admin/",
            'python manage.py notify "Hello" demo',
        ):
            self.assertIn(words, output)

    @override_settings(DEBUG=False)
    def test_the_demo_command_refuses_when_debug_is_off(self):
        with self.assertRaisesMessage(CommandError, "DEBUG is off"):
            demo()
        self.assertFalse(User.objects.exists())

    def test_the_demo_command_refuses_before_the_tables_are_made(self):
        table = Delivery._meta.db_table
        with connection.schema_editor() as editor:
            editor.alter_db_table(Delivery, table, "elsewhere")
        try:
            with self.assertRaisesMessage(CommandError, "run manage.py migrate first"):
                demo()
        finally:
            with connection.schema_editor() as editor:
                editor.alter_db_table(Delivery, "elsewhere", table)
        self.assertFalse(User.objects.exists())
