"""From a request to an answer: who asks, how often, and what goes wrong on the way."""

import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import msgspec
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags
from django.views.decorators.csrf import csrf_exempt

from ..db.requests import without_transaction
from .identity import Asker, identify
from .input import check_body_type
from .limits import count_request
from .problems import Refused, unavailable

logger = logging.getLogger(__name__)

JSON = "application/json"

Handler = Callable[..., msgspec.Struct | HttpResponse]
"""Gets the request and who asks, and by name what stands in the path."""


class Exchange:
    """One request: who asks, and the headers that its answer has, whatever it is."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.headers: dict[str, str] = {"Cache-Control": "private, no-cache"}

    def begin(self) -> Asker:
        """Raises `Refused` for who may not ask, or asks too often."""
        if self.request.method not in ("GET", "HEAD"):
            check_body_type(self.request)
        asker = identify(self.request)
        self.headers |= count_request(asker.pk)
        return asker

    @contextmanager
    def refusals(self) -> Iterator[list[HttpResponse]]:
        """Collects the answer to what is refused inside."""
        answers: list[HttpResponse] = []
        try:
            yield answers
        except Refused as refused:
            answers.append(refused.response())
        except (BadRequest, SuspiciousOperation) as error:  # of Django, where it parses
            answers.append(Refused("invalid", str(error)).response())
        except (DatabaseError, InterfaceError):
            logger.exception("The feed could not answer")
            answers.append(unavailable("The database does not answer.").response())

    def finish(self, response: HttpResponse) -> HttpResponse:
        for name, value in self.headers.items():
            response.headers.setdefault(name, value)
        patch_vary_headers(response, ["Cookie", "Authorization"])
        return response


def endpoint(**handlers: Handler) -> Callable[..., HttpResponse]:
    """A view that answers each of these methods by a struct, and all else by a problem."""

    @login_not_required  # a middleware would lead apps with tickets to a form to sign in
    @without_transaction
    @csrf_exempt  # tickets need no token; `identify` asks sessions for one
    def view(request: HttpRequest, **in_path: str) -> HttpResponse:
        exchange = Exchange(request)
        with exchange.refusals() as answers:
            handler = choose(request, handlers)
            answer = handler(request, exchange.begin(), **in_path)
            answers.append(answer if isinstance(answer, HttpResponse) else as_json(answer))
        return exchange.finish(answers[0])

    return view


def choose(request: HttpRequest, handlers: Mapping[str, Handler]) -> Handler:
    """The one for the method; raises `Refused` where there is none."""
    method = "GET" if request.method == "HEAD" else str(request.method)
    if method not in handlers:
        allowed = ", ".join(["HEAD"] * ("GET" in handlers) + sorted(handlers))
        detail = f"{method[:20]} does nothing here; {allowed} do."
        raise Refused("method-not-allowed", detail, {"Allow": allowed})
    return handlers[method]


def as_json(answer: msgspec.Struct) -> HttpResponse:
    return HttpResponse(msgspec.json.encode(answer), JSON)


def conditional(request: HttpRequest, answer: msgspec.Struct) -> HttpResponse:
    """With an ETag of what is said; 304 to whoever knows it already."""
    response = as_json(answer)
    etag = etag_of(response.content)
    if _is_known(request, etag):
        response = HttpResponseNotModified()
    response.headers["ETag"] = etag
    return response


def _is_known(request: HttpRequest, etag: str) -> bool:
    """By `If-None-Match` alone: what other conditions refuse would be no problem document."""
    known = parse_etags(request.headers.get("If-None-Match", ""))
    # A proxy that compresses makes a weak one of it.
    return known == ["*"] or etag in (one.removeprefix("W/") for one in known)


def etag_of(content: bytes) -> str:
    return f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'
