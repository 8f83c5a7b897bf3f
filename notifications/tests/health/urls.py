from django.urls import include, path

urlpatterns = [path("health/", include("notifications.health.urls"))]
