"""User models by what their primary key is."""

from django.test import tag

from .sites import TWO_TABLES, SiteTestCase


@tag("slow")
class UserKeyTests(SiteTestCase):
    def test_users_with_uuids_as_keys_are_reached_by_every_form_of_recipients(self):
        answers = self.run_site(
            """
class User(AbstractBaseUser, PermissionsMixin):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=20, unique=True)
    is_active = models.BooleanField(default=True)
    USERNAME_FIELD = "name"
    objects = Users()
""",
            """
a, b = User.objects.create("a"), User.objects.create("b")
User.objects.create("gone", is_active=False)
everybody = User.objects.values("id")
for recipients in (
    a, [a.pk, str(b.pk), b.pk.hex], User.objects.all(), User.objects.order_by("-name")[:2],
    everybody.union(everybody), everybody.difference(User.objects.filter(name="a").values("id")),
):
    tell(reached(recipients))
for nobody in (User(name="unsaved"), [7], ["7"], [a.pk.int], [b"x" * 16], [User().pk]):
    tell(refused(nobody))
tell(problems())
""",
        )
        self.assertEqual(answers[:6], [["a"], ["a", "b"], ["a", "b"], ["b"], ["a", "b"], ["b"]])
        for answer, words in zip(
            answers[6:12],
            ["is not saved yet", *["is not a primary key"] * 4, "no such user"],
            strict=True,
        ):
            self.assertIn(words, answer)
        self.assertEqual(answers[12], {})

    def test_users_with_names_as_keys_are_told_apart(self):
        answers = self.run_site(
            """
class User(AbstractBaseUser):
    name = models.CharField(max_length=5, primary_key=True)
    USERNAME_FIELD = "name"
    objects = Users()
""",
            """
for name in ("alice", "Alice", "7", " 7 ", "1_0"):
    User.objects.create(name)
for recipients in (["alice"], ["Alice", " 7 "], ["1_0"], User.objects.filter(name="7")):
    tell(reached(recipients))
for nobody in (["alice2"], ["ali\\0e"], ["ali\\udc80"], [b"alice"], [True], [" 7"], ["10"]):
    tell(refused(nobody))
tell(problems())
""",
        )
        self.assertEqual(answers[:4], [["alice"], [" 7 ", "Alice"], ["1_0"], ["7"]])
        for answer in answers[4:11]:
            self.assertRegex(answer, "no such user|is not a")
        self.assertEqual(answers[11], {})

    def test_users_that_extend_another_model_are_known_by_its_key(self):
        answers = self.run_site(
            TWO_TABLES,
            """
Person.objects.create(name="stranger")
User.objects.create(name="a", login="a")
b = Badge.objects.create(name="b", login="b")
tell(reached(User.objects.get(login="a")))
tell(reached(b))
tell(reached(Badge.objects.all()))
tell(reached([b.person_ptr_id]))
tell(reached(User.objects.union(User.objects.filter(login="b"))))
tell(refused(Person.objects.get(name="stranger")))
tell(refused(Person.objects.all()))
tell(problems())
""",
        )
        self.assertEqual(answers[:5], [["a"], ["b"], ["b"], ["b"], ["a", "b"]])
        self.assertIn("is not a saved user", answers[5])
        self.assertIn("a QuerySet of Person; give one of users", answers[6])
        self.assertEqual(answers[7], {})

    def test_deleting_only_the_subclass_row_of_a_user_keeps_the_sockets(self):
        answers = self.run_site(
            """
class User(AbstractBaseUser):
    name = models.CharField(max_length=20, unique=True)
    USERNAME_FIELD = "name"
    objects = models.Manager()

class Badge(User):
    objects = models.Manager()

class BadgeByAnotherName(Badge):
    class Meta:
        proxy = True
""",
            """
from notifications.layers import get_hints_layer
def published():
    return len(getattr(get_hints_layer(), "publishes"))
for kind in (Badge, BadgeByAnotherName):
    kind.objects.create(name="a").delete(keep_parents=True)
    tell([published(), User.objects.count()])
    User.objects.all().delete()
    kind.objects.create(name="b").delete()
    tell([published(), User.objects.count()])
""",
        )
        self.assertEqual(answers, [[0, 1], [2, 0], [2, 1], [4, 0]])
