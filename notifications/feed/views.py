"""The endpoints, but for the long poll."""

from typing import cast

from django.db import transaction
from django.http import HttpRequest, HttpResponse

from ..access.tickets import make_ticket
from ..conf import get_settings
from ..exceptions import InvalidRecipient
from ..states import News
from ..store.database import database
from ..store.own.changing import up_to
from ..store.own.rows import have_any
from .answering import Handler, as_json, conditional, endpoint
from .changes import Kind, change
from .contract import VERBS, ByIds, Done, Item, ListQuery, NoQuery, Ticket
from .identity import Asker
from .input import not_found, read_id, read_ids, read_query, read_selection
from .problems import Refused
from .reading import read_counts, read_one, read_page


def get_page(request: HttpRequest, asker: Asker) -> HttpResponse:
    return conditional(request, read_page(asker.pk, read_query(ListQuery, request.GET)))


def get_counts(request: HttpRequest, asker: Asker) -> HttpResponse:
    read_query(NoQuery, request.GET)
    return conditional(request, read_counts(asker.pk))


def get_one(request: HttpRequest, asker: Asker, notification_id: str) -> Item:
    read_query(NoQuery, request.GET)
    return read_one(asker.pk, read_id(notification_id))


def delete_one(request: HttpRequest, asker: Asker, notification_id: str) -> Done:
    return _change_one(request, asker, "deleted", notification_id)


def post_ticket(request: HttpRequest, asker: Asker) -> HttpResponse:
    """For a session alone: who could make one out of another would be signed in for ever."""
    read_query(NoQuery, request.GET)
    user = asker.shown.user
    if user is None:
        raise Refused("session-needed", "A ticket is made for a session, not for a ticket.")
    try:
        ticket = make_ticket(user)
    except InvalidRecipient as error:
        raise Refused("session-needed", str(error)) from None
    response = as_json(Ticket(ticket, get_settings().TICKET_SECONDS))
    response.headers["Cache-Control"] = "no-store"
    return response


def _change_one(request: HttpRequest, asker: Asker, kind: Kind, notification_id: str) -> Done:
    read_query(NoQuery, request.GET)
    return _change_some(asker, kind, [read_id(notification_id)])


def _change_some(asker: Asker, kind: Kind, ids: list[int]) -> Done:
    done = _change(asker, kind, ids)
    if not done.changed and not have_any(asker.pk, ids):
        raise not_found()
    return done


def _change(asker: Asker, kind: Kind, ids: list[int]) -> Done:
    """What cannot be answered has not been done. A transaction that begins by reading could be
    refused on SQLite, so these were read before."""
    with transaction.atomic(database()):
        return Done(change(kind, asker.pk, ids, asker.trace), read_counts(asker.pk))


def _one(kind: Kind) -> Handler:
    def post_one(request: HttpRequest, asker: Asker, notification_id: str) -> Done:
        return _change_one(request, asker, kind, notification_id)

    return post_one


def _many(kind: Kind) -> Handler:
    def post_many(request: HttpRequest, asker: Asker) -> Done:
        read_query(NoQuery, request.GET)
        # What was never delivered cannot have been delivered up to an id.
        named = read_ids(request) if kind == "delivered" else read_selection(request)
        if isinstance(named, ByIds):
            return _change_some(asker, kind, named.ids)
        return _change(asker, kind, up_to(cast(News, kind), asker.pk, named.upto))

    return post_many


page = endpoint(GET=get_page)
counts = endpoint(GET=get_counts)
ticket = endpoint(POST=post_ticket)
one = endpoint(GET=get_one, DELETE=delete_one)
verbs_of_one = {verb: endpoint(POST=_one(VERBS[verb])) for verb in VERBS if verb != "delete"}
verbs_of_many = {verb: endpoint(POST=_many(kind)) for verb, kind in VERBS.items()}
