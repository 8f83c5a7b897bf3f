from django.contrib.auth.models import User
from django.test import TransactionTestCase, tag

from notifications.models import Delivery
from perftests.suites.database.operations import Stock, acknowledge, replay_all
from perftests.suites.database.plans import count_work, explain
from perftests.suites.kit import rows


def users(count):
    return [User.objects.create(username=f"user {number}") for number in range(count)]


class QueryPlanTests(TransactionTestCase):
    def setUp(self):
        self.user, *others = users(20)
        rows.queue_for([self.user, *others], 50)
        rows.gather_statistics()

    def test_the_plan_of_a_read_by_an_index_names_the_index(self):
        plan = explain(lambda: Delivery.objects.filter(recipient=self.user).queued().count())
        self.assertIn("queued_and_unread", plan.indexes)
        self.assertEqual(plan.scans, 0)

    def test_the_plan_of_a_read_counts_no_list_of_parameters_as_a_table(self):
        plan = explain(lambda: replay_all(Stock(self.user, [], [self.user])))
        self.assertEqual(plan.scans, 0)

    @tag("slow")
    def test_the_plan_of_a_read_of_a_whole_table_counts_it(self):
        plan = explain(lambda: list(Delivery.objects.filter(seen_at=None).order_by()))
        self.assertEqual((plan.indexes, plan.scans), ((), 1))

    def test_the_plan_of_a_mark_names_the_index_and_marks_nothing(self):
        ids = list(self.user.deliveries.values_list("notification_id", flat=True))
        plan = explain(lambda: acknowledge(Stock(self.user, ids, [])))
        self.assertTrue({"one_delivery_per_recipient", "deliveries_of_a_user"} & {*plan.indexes})
        self.assertEqual(self.user.deliveries.queued().count(), 50)


class WorkTests(TransactionTestCase):
    def setUp(self):
        self.user, *others = users(5)
        rows.queue_for([self.user, *others], 200)
        rows.gather_statistics()

    def read(self):
        return list(Delivery.objects.filter(recipient=self.user)[:10])

    def read_all(self):
        return list(Delivery.objects.filter(seen_at=None).order_by())

    def test_the_work_of_a_read_is_the_same_each_time(self):
        self.read()
        self.assertEqual(count_work(self.read), count_work(self.read))

    def test_the_work_of_a_read_of_more_rows_is_more(self):
        self.assertGreater(count_work(self.read_all), 2 * count_work(self.read))

    def test_the_work_of_a_mark_is_counted_and_the_mark_taken_back(self):
        self.assertGreater(count_work(Delivery.objects.mark_read), 0)
        self.assertEqual(Delivery.objects.unread().count(), 1000)
