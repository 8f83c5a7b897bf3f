from django.test import tag

from ..access.sites import SiteTestCase


@tag("slow")
class UserModelTests(SiteTestCase):
    def test_users_whose_names_are_numbers_are_found_by_them_and_no_text_is_an_error(self):
        answers = self.run_site(
            """
class User(AbstractBaseUser):
    number = models.IntegerField(unique=True)
    USERNAME_FIELD = "number"
    objects = models.Manager()
""",
            """
from uuid import uuid4
from notifications.announcing.forms import AnnouncementForm
for number in (17, 18):
    User.objects.create(number=number)
for users in ("17\\n18", "17\\nada", "19", "9" * 30, "017"):
    given = {"title": "Hi", "level": "info", "audience": "users", "users": users, "key": uuid4()}
    form = AnnouncementForm(given)
    tell([form.is_valid(), form.number, form.errors.get("users", [])])
""",
        )
        self.assertEqual(answers[0], [True, 2, []])
        for answer, name in zip(answers[1:], ("ada", "19", "9" * 30, "017"), strict=True):
            self.assertEqual(answer[::2], [False, [f"There is no user '{name}'."]])
