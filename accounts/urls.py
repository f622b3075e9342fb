"""Signing in and out, one's own account, moving between environments."""

from django.urls import path

from accounts.views import account, home, members, sessions

app_name = "accounts"
urlpatterns = [
    path("sign-in/", sessions.sign_in, name="sign_in"),
    path("sign-out/", sessions.sign_out, name="sign_out"),
    path("switch/", home.switch, name="switch"),
    path("me/", account.account, name="account"),
    path("welcome/<str:uidb64>/<str:token>/", members.welcome, name="welcome"),
]
