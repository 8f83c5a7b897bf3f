"""User models whose users are served live."""

from django.test import tag

from .sites import SiteTestCase

LIVE = """
import asyncio
from asgiref.sync import sync_to_async
from notifications.send import anotify
from notifications.tests.clients import MemoryClient
from notifications.tests.waiting import until

@sync_to_async
def states():
    rows = Delivery.objects.order_by("pk").select_related("recipient", "notification")
    return [(delivery.recipient.name, delivery.state) for delivery in rows]

async def live(user, other):
    queued = (await anotify(user, "queued")).pk
    one, two = [await MemoryClient(user).connect() for _ in range(2)]
    await one.until_arrived([queued])
    told = (await anotify([user, other], "told")).pk
    announced = (await anotify(User.objects.all(), "announced")).pk
    for client in (one, two):
        await client.until_arrived([queued, told, announced])
    one.ack([queued, told])
    one.send({"type": "read", "ids": [announced]})
    changed = await two.until_frame("state")
    async def is_stored():
        return [s for n, s in await states() if n == user.name] == ["delivered"] * 2 + ["read"]
    await until(is_stored)
    await sync_to_async(user.delete)()
    await one.until_closed(4403)
    await two.until_closed(4403)
    return [one.arrived == [queued, told, announced], changed["read"] == [announced]]

user, other = User.objects.create(name="a"), User.objects.create(name="b")
tell(asyncio.run(live(user, other)))
tell([state for _, state in asyncio.run(states())])
"""


@tag("slow")
class LiveUserModelTests(SiteTestCase):
    """From `notify` to an acknowledgement, for each kind of primary key."""

    def assert_live(self, key):
        answers = self.run_site(key, LIVE)
        self.assertEqual(answers, [[True, True], ["queued", "queued"]])

    def test_users_with_uuids_as_keys_are_served_live(self):
        self.assert_live(
            """
class User(AbstractBaseUser):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=20, unique=True)
    is_active = models.BooleanField(default=True)
    USERNAME_FIELD = "name"
    objects = Users()
"""
        )

    def test_users_with_names_as_keys_are_served_live(self):
        self.assert_live(
            """
class User(AbstractBaseUser):
    name = models.CharField(max_length=30, primary_key=True)
    USERNAME_FIELD = "name"
    objects = Users()

    def __init__(self, *args, **kwargs):
        if kwargs.get("name") in ("a", "b"):
            kwargs["name"] += ' \\"*{}%: é'
        super().__init__(*args, **kwargs)
"""
        )

    def test_users_that_extend_another_model_are_served_live(self):
        self.assert_live(
            """
class Person(models.Model):
    name = models.CharField(max_length=20)

class User(Person, AbstractBaseUser):
    USERNAME_FIELD = "login"
    login = models.UUIDField(unique=True, default=uuid.uuid4)
    objects = Users()
"""
        )
