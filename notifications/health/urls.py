"""Health of this process: `path("health/", include("notifications.health.urls"))`."""

from django.urls import path

from . import views

app_name = "notifications_health"

urlpatterns = [
    path("live/", views.live, name="live"),
    path("ready/", views.ready, name="ready"),
    path("metrics/", views.metrics, name="metrics"),
]
