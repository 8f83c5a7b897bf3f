"""User models by the fields that they have, or lack."""

from django.test import tag

from .sites import SiteTestCase


@tag("slow")
class UserFieldTests(SiteTestCase):
    def test_a_group_is_refused_where_users_have_no_field_for_groups(self):
        (answer,) = self.run_site(
            """
class User(AbstractBaseUser):
    name = models.CharField(max_length=20, unique=True)
    USERNAME_FIELD = "name"
    objects = Users()
""",
            """
User.objects.create("a")
tell(refused(Group.objects.create(name="staff")))
""",
        )
        self.assertEqual(
            answer, "accounts.User has no field for groups; give a QuerySet of the users"
        )

    def test_a_group_is_found_by_a_field_of_another_name_of_the_user_model(self):
        answers = self.run_site(
            """
class User(AbstractBaseUser):
    name = models.CharField(max_length=20, unique=True)
    circles = models.ManyToManyField(Group, related_name="everybody")
    friends = models.ManyToManyField("self")
    USERNAME_FIELD = "name"
    objects = Users()
""",
            """
group = Group.objects.create(name="staff")
User.objects.create("a").circles.add(group)
User.objects.create("b")
tell(reached(group))
tell(reached(User.objects.filter(circles=group)))
tell(refused(User.objects.values_list("friends", flat=True)))
""",
        )
        self.assertEqual(answers[:2], [["a"], ["a"]])
        self.assertIn("a column that names other users", answers[2])

    def test_without_a_field_is_active_every_user_counts_as_active(self):
        answers = self.run_site(
            """
class User(models.Model):
    name = models.CharField(max_length=20, unique=True)
    USERNAME_FIELD = "name"
    REQUIRED_FIELDS = []
    is_anonymous, is_authenticated = False, True
    last_login = None
    objects = models.Manager()
""",
            """
a = User.objects.create(name="a")
tell(reached(a))
a.save()
call_command("notify", "Hi", "a", stdout=open("/dev/null", "w"))
a.delete()
tell(problems())
""",
        )
        self.assertEqual(answers, [["a"], {}])

    def test_the_notify_command_finds_users_by_a_username_field_of_any_type(self):
        answers = self.run_site(
            """
class User(AbstractBaseUser):
    name = models.CharField(max_length=20)
    number = models.IntegerField()
    USERNAME_FIELD = "number"
    objects = models.Manager()
""",
            """
from io import StringIO
from django.core.management import CommandError
for number in (1, 2, 2):
    User.objects.create(name="a", number=number)
for name in ("1", "2", "3", "alice", "9" * 30):
    output = StringIO()
    try:
        call_command("notify", "Hi", name, stdout=output)
    except CommandError as error:
        tell(str(error))
    else:
        tell(output.getvalue())
""",
        )
        self.assertIn("is queued for 1 user.", answers[0])
        self.assertEqual(answers[1], "There is more than one user '2'.")
        for answer, name in zip(answers[2:], ("3", "alice", "9" * 30), strict=True):
            self.assertEqual(answer, f"There is no user {name!r}.")

    def test_an_is_active_that_no_query_can_ask_for_is_refused_by_a_check(self):
        for definition, words in (
            ("is_active = property(lambda self: self.name != 'gone')", "a property"),
            ("def is_active(self): return True", "a function"),
            ("is_active = False", "a bool"),
            ("is_active = models.CharField(max_length=5, default='yes')", "a CharField"),
        ):
            with self.subTest(definition):
                (found,) = self.run_site(
                    f"""
class User(AbstractBaseUser):
    name = models.CharField(max_length=20, unique=True)
    {definition}
    USERNAME_FIELD = "name"
    objects = Users()
""",
                    "tell(problems())",
                )
                self.assertEqual(
                    found, {"notifications.E007": f"accounts.User.is_active is {words}."}
                )

    def test_an_is_active_that_the_database_generates_decides_who_is_reached(self):
        answers = self.run_site(
            """
class User(AbstractBaseUser):
    name = models.CharField(max_length=20, unique=True)
    banned = models.BooleanField(default=False)
    is_active = models.GeneratedField(
        expression=models.Q(banned=False), output_field=models.BooleanField(), db_persist=True
    )
    USERNAME_FIELD = "name"
    objects = Users()
""",
            """
User.objects.create("a")
User.objects.create("banned", banned=True)
tell(reached(User.objects.all()))
tell(problems())
""",
        )
        self.assertEqual(answers, [["a"], {}])
