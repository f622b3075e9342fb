"""Signing in and out, one's own account, moving between environments."""

from django.urls import path
from django.views.generic import TemplateView

from accounts.views import account, founding, home, members, passwords, sessions

app_name = "accounts"
urlpatterns = [
    path("sign-in/", sessions.sign_in, name="sign_in"),
    path("sign-out/", sessions.sign_out, name="sign_out"),
    path("forgotten/", passwords.forgotten, name="forgotten"),
    path("forgotten/sent/", TemplateView.as_view(template_name="accounts/forgotten_sent.html"), name="forgotten_sent"),
    path("password/<str:uidb64>/<str:token>/", passwords.new_password, name="new_password"),
    path("switch/", home.switch, name="switch"),
    path("organizations/new/", founding.found, name="found"),
    path("me/", account.account, name="account"),
    path("welcome/<str:uidb64>/<str:token>/", members.welcome, name="welcome"),
]
