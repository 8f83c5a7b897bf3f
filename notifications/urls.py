"""The list over HTTP and as a page: `path("notifications/", include("notifications.urls"))`."""

from django.urls import path

from .feed import views
from .feed.openapi import document
from .feed.polling import poll
from .inbox.views import inbox

app_name = "notifications"

urlpatterns = [
    path("", views.page, name="list"),
    path("counts/", views.counts, name="counts"),
    path("inbox/", inbox, name="inbox"),
    path("poll/", poll, name="poll"),
    path("ticket/", views.ticket, name="ticket"),
    path("openapi.json", document, name="openapi"),
    *(path(f"{verb}/", view, name=verb) for verb, view in views.verbs_of_many.items()),
    path("<str:notification_id>/", views.one, name="one"),
    *(
        path(f"<str:notification_id>/{verb}/", view, name=f"{verb}-one")
        for verb, view in views.verbs_of_one.items()
    ),
]
