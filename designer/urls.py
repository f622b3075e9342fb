"""Console pages of the designer, below `/o/<org>/<env>/`."""

from django.urls import URLPattern, URLResolver

from designer.editor_urls import editor_urls

app_name = "designer"
urlpatterns: list[URLPattern | URLResolver] = [*editor_urls]
