from datetime import UTC, date, datetime, timedelta, timezone

from django.test import override_settings
from django.utils.functional import SimpleLazyObject

from notifications.models import Notification
from notifications.send import notify

from .contents import ContentTestCase

FAR = "2100-01-01T00:00:00+00:00"


class ExpiryTests(ContentTestCase):
    def test_an_expiry_that_is_no_time_with_a_zone_is_refused(self):
        for bad in ("tomorrow", FAR, 60, date(2100, 1, 1), timedelta(hours=1)):
            self.assert_refused("^expires_at is .*; give a datetime$", expires_at=bad)
        self.assert_refused("give one with a time zone", expires_at=datetime(2100, 1, 1))

    def test_an_expiry_that_some_time_zone_cannot_read_back_is_refused(self):
        west, east = timezone(timedelta(hours=-12)), timezone(timedelta(hours=14))
        for bad in (
            datetime(9999, 12, 31, 23, 59, tzinfo=west),
            datetime(9999, 12, 31, 23, 59, tzinfo=UTC),
            datetime.max.replace(tzinfo=east),
            datetime(1, 1, 1, tzinfo=east),
            datetime.min.replace(tzinfo=UTC),
        ):
            self.assert_refused("give one of the years 2 to 9998, or none", expires_at=bad)

    def test_the_latest_and_the_earliest_expiry_come_back_as_they_were(self):
        for zone in (timezone(timedelta(hours=-12)), UTC, timezone(timedelta(hours=14))):
            for time in (datetime(9998, 12, 31, 23, 59, 59, 999999), datetime(2, 1, 1)):
                expires_at = time.replace(tzinfo=zone)
                notification = notify([], "Hi", expires_at=expires_at)
                notification.refresh_from_db()
                self.assertEqual(notification.expires_at, expires_at)

    def test_an_expiry_of_a_subclass_of_datetime_is_stored_as_any_other(self):
        class OwnTime(datetime):
            def __str__(self):
                return "some day"

        expires_at = OwnTime(2100, 1, 1, tzinfo=UTC)
        notification = notify([], "Hi", expires_at=expires_at)
        self.assertIs(type(notification.expires_at), datetime)
        self.assertEqual(Notification.objects.get().expires_at, expires_at)

    def test_a_lazy_expiry_is_refused_with_a_sentence(self):
        lazy = SimpleLazyObject(lambda: datetime(2100, 1, 1, tzinfo=UTC))
        self.assert_refused("expires_at is .*; give a datetime", expires_at=lazy)

    @override_settings(USE_TZ=False)
    def test_an_expiry_with_a_zone_is_refused_where_time_zones_are_off(self):
        expires_at = datetime.fromisoformat(FAR)
        self.assert_refused("give one without a time zone", expires_at=expires_at)
