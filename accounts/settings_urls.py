"""Settings pages of the console, below `/o/<org>/<env>/settings/`."""

from django.urls import URLPattern, URLResolver

app_name = "settings"
urlpatterns: list[URLPattern | URLResolver] = []
