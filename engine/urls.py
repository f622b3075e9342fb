"""Console pages of the engine, below `/o/<org>/<env>/`."""

from django.urls import URLPattern, URLResolver

app_name = "engine"
urlpatterns: list[URLPattern | URLResolver] = []
