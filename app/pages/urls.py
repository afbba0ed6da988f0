"""Addresses of the pages. They are API too: people keep them."""

from django.urls import path, re_path

from pages import enter, told, views

HANDLE = r"^@(?P<handle>[^/\x00]{1,100})"

urlpatterns = [
    path("", views.home),
    path("help", views.help_page),
    path("signup", enter.sign_up),
    path("login", enter.log_in),
    path("logout", enter.log_out),
    path("posts", views.write_post),
    path("uploads", views.upload),
    path("p/<uuid:post_id>", views.one_post),
    path("p/<uuid:post_id>/like", views.like, {"on": True}),
    path("p/<uuid:post_id>/unlike", views.like, {"on": False}),
    re_path(HANDLE + r"$", views.profile),
    re_path(HANDLE + r"/follow$", views.follow, {"on": True}),
    re_path(HANDLE + r"/unfollow$", views.follow, {"on": False}),
    path("search", told.search),
    path("notifications", told.notifications),
    path("notifications/read", told.mark_read),
    path("reports", told.reports),
    path("reports/<uuid:report_id>", told.one_report),
    path("reports/<uuid:report_id>/download", told.download_report),
]
