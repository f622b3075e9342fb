"""`/feed/…`"""

from __future__ import annotations

from django.urls import path

from engine.notifying.feed import views

app_name = "feed"

urlpatterns = [
    path("inbox.js", views.component, name="component"),
    path("<slug:org>/<slug:env>/session", views.session, name="session"),
    path("messages", views.messages),
    path("count", views.count),
    path("messages/all/<slug:how>", views.mark_all),
    path("messages/<int:id>/actions/<slug:button>", views.press),
    path("messages/<int:id>/<slug:how>", views.mark),
]
