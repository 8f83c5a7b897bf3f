import json

from django.test import tag
from django.urls import reverse
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as HypothesisTestCase

from notifications.exceptions import InvalidNotification
from notifications.models import Notification
from notifications.send import notify
from notifications.store.frames import read_frames

from ..users import make_user

texts = st.text(st.characters(exclude_categories=[]))


any_data = st.dictionaries(
    texts,
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | texts,
        lambda children: (
            st.lists(children, max_size=3)
            | st.dictionaries(texts | st.integers() | st.booleans(), children, max_size=3)
        ),
        max_leaves=8,
    ),
    max_size=4,
)


@tag("slow")
class AnyContentTests(HypothesisTestCase):
    """What is sent is stored and shown as it was given, or refused before a row is written."""

    @settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
    @given(title=texts, body=texts, url=st.text(), data=any_data, key=st.none() | texts)
    @example(title="x", body="", url="", data={"a": 1e300}, key=None)
    @example(title="x", body="", url="", data={"a": 1e16}, key=None)
    @example(title="x", body="", url="", data={"a": -0.0, "b": 5e-324}, key=None)
    @example(title="x", body="", url="", data={"a": 2**53}, key=None)
    @example(title="x", body="", url="", data={1: 1, "1": 2}, key=None)
    def test_any_content_is_stored_and_readable_or_refused(self, title, body, url, data, key):
        root = make_user("root", is_staff=True, is_superuser=True)
        try:
            returned = notify(root, title, body=body, url=url, data=data, key=key)
        except InvalidNotification:
            self.assertFalse(Notification.objects.exists())
            return
        stored = Notification.objects.get()
        given = (title, body, url, returned.data, key)
        self.assertEqual((stored.title, stored.body, stored.url, stored.data, stored.key), given)
        self.assertEqual(repr_of(stored.data), repr_of(returned.data))
        text, _ = read_frames([stored.pk])[stored.pk]
        # As JSON: PostgreSQL keeps the keys of an object in an order of its own.
        self.assertEqual(json.loads(text), json.loads(returned.frame()))
        self.assertEqual(json.loads(text)["data"], stored.data)
        self.client.force_login(root)
        page = reverse("admin:durable_notifications_notification_change", args=[stored.pk])
        self.assertEqual(self.client.get(page).status_code, 200)


def repr_of(value):
    """Tells 1 from 1.0 and 0.0 from −0.0, whatever the order of keys."""
    return json.dumps(value, sort_keys=True)
