"""The URL table. Console pages live below `/o/<org>/<env>/`, so that every address says whose data it shows."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from accounts.views import home
from dialects.formance.oauth import token as formance_token

console: list[URLPattern | URLResolver] = [
    path("", include("designer.urls")),
    path("", include("engine.urls")),
    path("settings/", include("accounts.settings_urls")),
    path("settings/connections/", include("accounts.connections.urls")),
]

urlpatterns = [
    # What programs call over and over comes first: each entry that is tried before costs a request something.
    path("api/v1/", include("dialects.native.urls")),
    path("hooks/", include("dialects.native.hook_urls")),
    path("", home.home, name="home"),
    path("accounts/", include("accounts.urls")),
    path("admin/", admin.site.urls),
    path("cloudflare/client/v4/", include("dialects.cloudflare.urls")),
    path("api/auth/oauth/token", formance_token),  # where Formance's clients look for it, whatever their base URL
    path("formance/", include("dialects.formance.urls")),
    path("epilot/", include("dialects.epilot.urls")),
    path("", include("dialects.epilot.page_urls")),
    path("novu/", include("dialects.novu.urls")),
    path("feed/", include("engine.notifying.feed.urls")),
    path("forms/", include("engine.form_urls")),
    path("demo/", include("config.demo.urls")),
    path("o/<slug:org>/<slug:env>/", include(console)),
]

handler400 = "config.errors.bad_request"
handler403 = "config.errors.forbidden"
handler404 = "config.errors.not_found"
handler500 = "config.errors.server_error"
