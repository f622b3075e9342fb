"""The native API, below `/api/v1/`."""

from django.urls import URLPattern, URLResolver

app_name = "native"
urlpatterns: list[URLPattern | URLResolver] = []
