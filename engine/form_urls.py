"""Forms that start instances, below `/forms/`."""

from django.urls import path

from engine.views.trigger_forms import trigger_form

app_name = "forms"
urlpatterns = [path("<str:secret_path>/", trigger_form, name="form")]
