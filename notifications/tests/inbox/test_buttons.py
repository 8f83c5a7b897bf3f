from unittest import mock

from django.contrib.auth.models import AnonymousUser
from django.test import Client, RequestFactory

from notifications.inbox import actions
from notifications.inbox.views import inbox
from notifications.models import Delivery

from .case import InboxTestCase


class InboxButtonTests(InboxTestCase):
    def test_a_button_does_it_to_all_that_are_selected(self):
        for button, state in (("read", "read"), ("unread", "seen"), ("archive", "archived")):
            response = self.press(button, *self.ids[:2])
            self.assertRedirects(response, f"{self.url}?changed=2", fetch_redirect_response=False)
            self.assertEqual(self.states(), [state] * 2 + ["queued"] * 2)
        self.press("unarchive", self.ids[0])
        self.press("delete", self.ids[1])
        self.assertEqual(self.states(), ["seen", "queued", "queued"])

    def test_the_button_of_one_does_it_to_that_one_whatever_is_selected(self):
        self.press(f"archive {self.ids[0]}", *self.ids)
        self.assertEqual(self.states(), ["archived", "queued", "queued", "queued"])

    def test_all_is_marked_read_that_was_in_the_list(self):
        self.press("read upto", upto=self.ids[2])
        self.assertEqual(self.states(), ["read", "read", "read", "queued"])

    def test_the_page_goes_back_to_what_it_showed_and_says_whether_anything_changed(self):
        response = self.press("read", self.ids[0], query="?view=unread&q=n&changed=7")
        self.assertEqual(response.url, f"{self.url}?view=unread&q=n&changed=1")
        self.assertContains(self.client.get(response.url), "Done.")
        response = self.press("read", query="?view=unread")
        self.assertContains(self.client.get(response.url), "Nothing has changed.")

    def test_ids_of_others_change_nothing(self):
        for button in ("read", "archive", "delete", f"delete {self.others}"):
            self.press(button, self.others)
        self.assertEqual(self.states(self.bob), ["queued"])

    def test_a_button_or_an_id_that_does_not_exist_is_refused_and_changes_nothing(self):
        for button, ids in (("ack", self.ids), ("", self.ids), ("read x", ()), ("read", ["-1"])):
            with self.subTest(button):
                self.assertIn(self.press(button, *ids).status_code, (400, 404))
        self.assertIn(self.press("read upto", upto="x").status_code, (400, 404))
        self.assertEqual(set(self.states()), {"queued"})

    def test_a_form_of_another_site_changes_nothing(self):
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(self.alice)
        self.assertEqual(self.press("read", *self.ids, client=strict).status_code, 403)
        self.assertEqual(set(self.states()), {"queued"})

    def test_a_site_without_djangos_middleware_checks_the_token_all_the_same(self):
        request = RequestFactory().post(self.url, {"do": "read", "ids": self.ids})
        request.user = self.alice
        self.assertEqual(inbox(request).status_code, 403)
        self.assertEqual(set(self.states()), {"queued"})

    def test_nobody_who_is_not_signed_in_changes_anything(self):
        request = RequestFactory().post(self.url, {"do": "delete", "ids": self.ids})
        request.user = AnonymousUser()
        self.assertEqual(inbox(request).status_code, 302)
        self.assertEqual(Delivery.objects.count(), 5)

    def test_other_methods_do_nothing(self):
        self.assertEqual(self.client.delete(self.url).status_code, 405)


class UndoTests(InboxTestCase):
    def read_all(self):
        return self.client.get(self.press("read upto", upto=self.ids[-1]).url)

    def test_all_that_was_marked_read_together_can_be_taken_back_without_javascript(self):
        self.press("read", self.ids[0])
        page = self.read_all()
        self.assertEqual(self.states(), ["read"] * 4)
        ids = page.context["done"].ids
        self.assertEqual(list(ids), self.ids[1:])
        for number in ids:
            self.assertContains(page, f'<input type="hidden" name="ids" value="{number}">')
        self.press("unread", *ids)
        self.assertEqual(self.states(), ["read", "seen", "seen", "seen"])

    def test_nothing_else_can_be_taken_back(self):
        for page in (self.page(), self.client.get(self.press("read", *self.ids).url)):
            self.assertContains(page, "data-undo hidden")

    def test_more_than_an_address_holds_cannot_be_taken_back(self):
        with mock.patch.object(actions, "UNDONE", 2):
            page = self.read_all()
        self.assertContains(page, "data-undo hidden")
        self.assertContains(page, "Done.")

    def test_an_address_that_somebody_has_made_up_does_nothing_by_itself(self):
        for text in ("x", "1-", "1--2", "-", "1-x", "1-0", f"1-{10**30}", "9" * 5000, "1-<b>"):
            with self.subTest(text[:10]):
                page = self.page(f"?changed={text}")
                self.assertContains(page, "data-undo hidden")
        self.press("unread", self.others)
        self.assertEqual(self.states(self.bob), ["queued"])
