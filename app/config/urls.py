"""URLs: the pages, the public API, and what operators ask."""

from django.urls import include, path

from aws import health, uploads
from config.api import api

urlpatterns = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("whoami", health.whoami),
    path("metrics", health.metrics),
    path("upload/<path:key>", uploads.receive),
    path("api/", api.urls),
    path("", include("pages.urls")),
]
handler400 = "pages.views.bad_request"
handler403 = "pages.views.forbidden"
handler404 = "pages.views.not_found"
handler500 = "pages.views.server_error"
