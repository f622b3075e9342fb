"""Pages of connections, below `/o/<org>/<env>/settings/connections/`."""

from django.urls import path

from accounts.connections import views

app_name = "connections"
urlpatterns = [
    path("", views.connections, name="list"),
    path("new/", views.new, name="new"),
    path("<int:pk>/", views.edit, name="edit"),
    path("<int:pk>/remove/", views.remove, name="remove"),
    path("<int:pk>/try/", views.try_out, name="try"),
]
