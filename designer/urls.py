"""Console pages of the designer, below `/o/<org>/<env>/`."""

from django.urls import URLPattern, URLResolver

app_name = "designer"
urlpatterns: list[URLPattern | URLResolver] = []
