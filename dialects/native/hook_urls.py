"""Webhook triggers, below `/hooks/`."""

from django.urls import path

from dialects.native.views.hooks import Hook

urlpatterns = [path("<str:secret_path>", Hook.as_view(), name="hook")]
