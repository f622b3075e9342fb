"""Settings pages of the console, below `/o/<org>/<env>/settings/`."""

from django.urls import path

from accounts.views import members, settings

app_name = "settings"
urlpatterns = [
    path("", settings.home, name="home"),
    path("organization/", settings.organization, name="organization"),
    path("environments/", settings.environment_list, name="environments"),
    path("environments/new/", settings.environment_new, name="environment_new"),
    path("environments/<int:pk>/", settings.environment_edit, name="environment_edit"),
    path("environments/<int:pk>/remove/", settings.environment_remove, name="environment_remove"),
    path("members/", members.member_list, name="members"),
    path("members/new/", members.member_new, name="member_new"),
    path("members/<int:pk>/role/", members.member_role, name="member_role"),
    path("members/<int:pk>/remove/", members.member_remove, name="member_remove"),
    path("members/<int:pk>/welcome/", members.member_welcome, name="member_welcome"),
    path("groups/", settings.group_list, name="groups"),
    path("groups/new/", settings.group_new, name="group_new"),
    path("groups/<int:pk>/", settings.group_edit, name="group_edit"),
    path("groups/<int:pk>/remove/", settings.group_remove, name="group_remove"),
    path("keys/", settings.key_list, name="keys"),
    path("keys/new/", settings.key_new, name="key_new"),
    path("keys/<int:pk>/revoke/", settings.key_revoke, name="key_revoke"),
    path("audit/", settings.audit, name="audit"),
]
