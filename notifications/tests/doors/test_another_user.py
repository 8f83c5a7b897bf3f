"""A page is still open, and somebody else signs in with the same browser."""

from django.contrib.auth.models import User

from notifications.models import Delivery
from notifications.send import notify
from notifications.store import marking

from ..tabs import SharedClientTestCase


class AnotherUserTests(SharedClientTestCase):
    def setUp(self):
        super().setUp()
        self.other = User.objects.create_user("bob")
        self.of_other = notify(self.other, "for bob").pk
        marking.mark("delivered", {self.other.pk: [self.of_other]})
        self.sent = notify(self.user, "for ada")
        self.tab = self.open_tab()

    def test_a_page_shows_nothing_of_somebody_else_who_signed_in_after_it(self):
        self.server.kill()
        self.sign_in(self.other, self.context)
        self.server.start()
        self.until(self.tab, "snapshot.status === 'stopped'", "the end")
        self.assertEqual(self.titles(self.tab), ["for ada"])

    def test_marks_with_a_token_that_is_no_good_any_more_wait_for_the_next_page(self):
        self.tab.route("**/read/", lambda route: route.fulfill(status=403))
        with self.tab.expect_response("**/read/"):
            self.tab.evaluate(f"notifications.read([{self.sent.pk}])")
        self.tab.unroute("**/read/")
        self.load(self.tab)
        self.until_state(self.tab, self.sent, "read")

    def test_marks_of_a_page_wait_for_its_user_and_change_nothing_of_somebody_else(self):
        self.context.set_offline(True)
        self.tab.evaluate("() => { notifications.readAll(); }")
        self.sign_in(self.other, self.context)
        with self.tab.expect_response("**/read/") as refused:
            self.context.set_offline(False)
        self.assertEqual(refused.value.status, 401)
        self.sign_in(self.user, self.context)
        self.load(self.tab)
        self.until_state(self.tab, self.sent, "read")
        theirs = Delivery.objects.get(notification=self.of_other)
        self.assertEqual(theirs.state, "delivered")
