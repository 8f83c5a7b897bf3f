"""Settings of a server whose pages run under a strict Content Security Policy."""

from notifyproject.settings import *  # noqa: F403
from notifyproject.settings import MIDDLEWARE

POLICY = "default-src 'none'; base-uri 'none'; " + "; ".join(
    f"{kind} 'self'"
    for kind in ("script-src", "style-src", "img-src", "connect-src", "form-action")
)

MIDDLEWARE = [f"{__name__}.add_policy", *MIDDLEWARE]


def add_policy(get_response):
    def middleware(request):
        response = get_response(request)
        response["Content-Security-Policy"] = POLICY
        return response

    return middleware
