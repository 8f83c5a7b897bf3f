from asgiref.sync import async_to_sync
from django.contrib.auth import alogout, logout, user_logged_out
from django.contrib.auth.models import AnonymousUser
from django.contrib.contenttypes.models import ContentType
from django.db import connection, connections, transaction
from django.db.models.signals import post_delete, post_save
from django.test import RequestFactory, TransactionTestCase

from notifications.wire.hints import SignedOut, session_digest, user_group

from ..listening import ListeningMixin
from ..users import User, make_user


class UserByAnotherName(User):
    class Meta:
        proxy = True
        app_label = "notifications_tests"  # no model for a migration


class AccountSignalTests(ListeningMixin, TransactionTestCase):
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

    def test_signing_out_in_async_code_closes_the_sockets_of_that_session(self):
        self.client.force_login(self.alice)
        request = RequestFactory().get("/")
        request.session = self.client.session
        hint = SignedOut(session_digest(request.session.session_key))
        async_to_sync(alogout)(request)
        self.assertEqual(self.listener.heard(), [(self.group, hint)])

    def test_sockets_stay_until_signing_out_is_committed(self):
        self.client.force_login(self.alice)
        request = RequestFactory().get("/")
        request.session, request.user = self.client.session, self.alice
        hint = SignedOut(session_digest(request.session.session_key))
        with transaction.atomic():  # as with ATOMIC_REQUESTS
            logout(request)
            self.assertEqual(self.listener.heard(), [])
        self.assertEqual(self.listener.heard(), [(self.group, hint)])

    def test_a_session_whose_end_is_rolled_back_keeps_its_sockets(self):
        self.client.force_login(self.alice)
        request = RequestFactory().get("/")
        request.session, request.user = self.client.session, self.alice
        key = request.session.session_key
        with transaction.atomic():
            logout(request)
            transaction.set_rollback(True)
        self.assertEqual(self.listener.heard(), [])
        self.assertTrue(request.session.exists(key))

    def test_signing_out_without_having_signed_in_closes_no_socket(self):
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

    def test_sockets_stay_until_a_deactivation_is_committed(self):
        with transaction.atomic():
            self.alice.is_active = False
            self.alice.save()
            self.assertEqual(self.listener.heard(), [])
        self.assertEqual(len(self.listener.heard()), 1)

    def test_sockets_stay_when_a_deletion_is_rolled_back(self):
        with self.assertRaises(InterruptedError), transaction.atomic():
            self.alice.delete()
            raise InterruptedError
        self.assertEqual(self.listener.heard(), [])

    def test_other_changes_of_an_account_close_no_socket(self):
        self.alice.first_name = "Alice"
        self.alice.save()
        make_user("new")
        self.assertEqual(self.publishes, [])

    def test_a_proxy_of_the_user_closes_the_sockets_of_the_user(self):
        proxy = UserByAnotherName.objects.get(pk=self.alice.pk)
        proxy.is_active = False
        proxy.save()
        proxy.delete()
        self.assertEqual(self.listener.heard(), [(self.group, SignedOut(""))] * 2)

    def test_a_user_made_of_a_primary_key_alone_can_be_deleted(self):
        User(pk=self.alice.pk).delete()
        self.assertEqual(self.listener.heard(), [(self.group, SignedOut(""))])

    def test_an_account_in_another_database_closes_nobodys_sockets(self):
        connections.settings["archive"] = {**connections.settings["default"], "NAME": "elsewhere"}
        self.addCleanup(connections.settings.pop, "archive")
        self.addCleanup(connections.__delitem__, "archive")
        other = User(pk=self.alice.pk, is_active=False)
        post_save.send(User, instance=other, using="archive", created=False)
        post_delete.send(User, instance=other, using="archive")
        self.assertEqual(self.publishes, [])
        post_delete.send(User, instance=other, using="default")
        self.assertEqual(len(self.publishes), 1)

    def test_models_other_than_users_keep_their_quick_delete(self):
        for signal in (post_save, post_delete):
            self.assertEqual(signal.has_listeners(User), True)
            self.assertEqual(signal.has_listeners(ContentType), False)

    def test_signing_out_works_whoever_is_signed_out(self):
        request = RequestFactory().get("/")
        request.session = self.client.session
        request.session.save()
        for nobody in (AnonymousUser(), User(username="unsaved"), object()):
            user_logged_out.send(sender=None, request=request, user=nobody)
        request.user = self.alice
        self.alice.delete()
        logout(request)
        self.assertEqual(self.listener.heard(), [(self.group, SignedOut(""))])


class ManualTransactionTests(ListeningMixin, TransactionTestCase):
    """With autocommit off, an account can be changed, and nobody hears of it too early."""

    def setUp(self):
        super().setUp()
        self.alice = make_user("alice")
        self.listener = self.listen(user_group(self.alice.pk))
        self.addCleanup(connection.close)

    def deactivate(self):
        transaction.set_autocommit(False)
        self.alice.is_active = False
        self.alice.save()
        self.assertEqual(self.listener.heard(), [])

    def test_with_autocommit_off_sockets_are_closed_after_the_commit(self):
        self.deactivate()
        transaction.commit()
        transaction.set_autocommit(True)
        self.assertEqual(len(self.listener.heard()), 1)

    def test_with_autocommit_off_sockets_stay_after_a_rollback(self):
        self.deactivate()
        transaction.rollback()
        transaction.set_autocommit(True)
        self.assertEqual(self.listener.heard(), [])
