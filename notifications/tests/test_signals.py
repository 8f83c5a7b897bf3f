from asgiref.sync import async_to_sync
from django.contrib.auth import alogout
from django.db import transaction
from django.test import RequestFactory, TransactionTestCase

from notifications.hints import SignedOut, session_digest, user_group

from .listening import ListeningMixin
from .users import User, make_user


class SignalTests(ListeningMixin, TransactionTestCase):
    def setUp(self):
        super().setUp()
        self.alice = make_user("alice")
        self.group = user_group(self.alice.pk)
        self.listener = self.listen(self.group)

    def test_signing_out_closes_the_sockets_of_that_session(self):
        self.client.force_login(self.alice)
        session_key = self.client.session.session_key
        self.client.post("/logout/")
        hint = SignedOut(session_digest(session_key))
        self.assertEqual(self.listener.heard(), [(self.group, hint)])

    def test_signing_out_in_async_code_does_so_too(self):
        self.client.force_login(self.alice)
        request = RequestFactory().get("/")
        request.session = self.client.session
        hint = SignedOut(session_digest(request.session.session_key))
        async_to_sync(alogout)(request)
        self.assertEqual(self.listener.heard(), [(self.group, hint)])

    def test_signing_out_without_having_signed_in_closes_nothing(self):
        self.client.post("/logout/")
        self.assertEqual(self.publishes, [])

    def test_deactivating_an_account_closes_all_its_sockets(self):
        self.alice.is_active = False
        self.alice.save()
        self.assertEqual(self.listener.heard(), [(self.group, SignedOut(""))])

    def test_deleting_an_account_closes_all_its_sockets(self):
        self.alice.delete()
        self.assertEqual(self.listener.heard(), [(self.group, SignedOut(""))])

    def test_deleting_many_accounts_closes_the_sockets_of_each(self):
        bob = make_user("bob")
        listener = self.listen(self.group, user_group(bob.pk))
        User.objects.all().delete()
        self.assertCountEqual(
            [group for group, _ in listener.heard()], [self.group, user_group(bob.pk)]
        )

    def test_sockets_stay_until_the_change_is_committed(self):
        with transaction.atomic():
            self.alice.is_active = False
            self.alice.save()
            self.assertEqual(self.listener.heard(), [])
        self.assertEqual(len(self.listener.heard()), 1)

    def test_sockets_stay_when_the_change_is_rolled_back(self):
        with self.assertRaises(InterruptedError), transaction.atomic():
            self.alice.delete()
            raise InterruptedError
        self.assertEqual(self.listener.heard(), [])

    def test_other_changes_of_an_account_close_nothing(self):
        self.alice.first_name = "Alice"
        self.alice.save()
        make_user("new")
        self.assertEqual(self.publishes, [])
