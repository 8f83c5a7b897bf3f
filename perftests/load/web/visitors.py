"""Who visits: the cookies of a browser in which somebody has signed in."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.middleware.csrf import get_token
from django.test import Client, RequestFactory


def headers_of(users: Sequence[Any]) -> list[dict[str, str]]:
    """The headers of each user, or of one visitor whom the site does not know.

    They carry a token against forged requests, as the scripts of a site's own pages send it.
    """
    return [_headers(user) for user in users or [None]]


def _headers(user: Any) -> dict[str, str]:
    client = Client()
    if user is not None:
        client.force_login(user)
    cookies = {name: morsel.value for name, morsel in client.cookies.items()}
    request = RequestFactory().get("/")
    token = get_token(request)
    cookies[settings.CSRF_COOKIE_NAME] = request.META["CSRF_COOKIE"]
    name = settings.CSRF_HEADER_NAME.removeprefix("HTTP_").replace("_", "-")
    return {"Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items()), name: token}
