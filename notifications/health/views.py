"""What load balancers and Prometheus ask of one process."""

import logging

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ImproperlyConfigured
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ..background.trouble import Trouble
from ..conf import get_settings
from ..db.requests import without_transaction
from . import probes

logger = logging.getLogger(__name__)

MAY_SEE = "durable_notifications.view_delivery"
REALM = {"WWW-Authenticate": 'Bearer realm="metrics"'}

_troubles = {part: Trouble(f"Asking the {part}", log=logger) for part in ("database", "layer")}


@login_not_required
@without_transaction
@never_cache
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """The process answers: 200, whatever else is broken. Restart it when this does not come."""
    return JsonResponse({"live": True})


@login_not_required
@without_transaction
@never_cache
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """200 if clients can be served, 503 if the database or the event loop keeps them waiting.

    A layer that is down is said, and is no reason to send clients elsewhere: what is sent arrives
    seconds later, here as there. Reasons are for the log of who may see them, not for strangers.
    """
    lag = probes.lag_seconds()
    well = {
        "database": _is_well("database", probes.database_problem()),
        "layer": _is_well("layer", probes.layer_problem()),
        "hub": lag < probes.LAG_LIMIT_SECONDS,
    }
    is_ready = well["database"] and well["hub"]
    answer = {"ready": is_ready, **well, "lag_seconds": round(lag, 4)}
    return JsonResponse(answer, status=200 if is_ready else 503)


def _is_well(part: str, problem: str) -> bool:
    """The log says once why it is not, and when that is over."""
    if problem:
        _troubles[part].failed(ConnectionError(problem))
    else:
        _troubles[part].over()
    return not problem


@login_not_required
@without_transaction
@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """To whoever sends `METRICS_TOKEN`, or may see deliveries in the admin.

    404 where the site has set no token, 401 without the right one.
    """
    token = get_settings().METRICS_TOKEN
    if not _may_see(request):
        if not token:
            raise Http404
        if not constant_time_compare(_bearer_token(request), token):
            return HttpResponse(status=401, headers=REALM)
    try:
        from .metrics import exposition
    except ModuleNotFoundError as error:
        raise ImproperlyConfigured(
            f"The metrics need {error.name}, which is not installed: "
            "pip install 'django-durable-notifications[metrics]'"
        ) from error
    text, content_type = exposition(request.headers.get("Accept", ""))
    return HttpResponse(text, content_type=content_type)


def _may_see(request: HttpRequest) -> bool:
    user = getattr(request, "user", None)
    return user is not None and user.has_perm(MAY_SEE)


def _bearer_token(request: HttpRequest) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
