"""Pages for people outside: journeys and the customer portal."""

from django.urls import path

from dialects.epilot.views import pages

app_name = "epilot_pages"
urlpatterns = [
    path("journeys/<str:secret_path>/", pages.journey, name="journey"),
    path("portal/<str:token>/", pages.portal, name="portal"),
]
