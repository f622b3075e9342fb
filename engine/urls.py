"""Console pages of the engine, below `/o/<org>/<env>/`."""

from django.urls import URLPattern, URLResolver, path

from engine.views import actions, bulk, inbox, instance, instances, ledger, providers, saved_views, trying, webhooks

app_name = "engine"
urlpatterns: list[URLPattern | URLResolver] = [
    path("instances/", instances.list_instances, name="instances"),
    path("instances/sync", instances.sync_instances, name="instances_sync"),
    path("instances/start/", instances.start, name="start_any"),
    path("instances/views/save/", saved_views.save, name="save_view"),
    path("instances/views/<int:pk>/remove/", saved_views.remove, name="remove_view"),
    path("instances/bulk/", bulk.act_on_many, name="bulk"),
    path("instances/<int:pk>/", instance.show_instance, name="instance"),
    path("instances/<int:pk>/sync", instance.sync_instance, name="instance_sync"),
    path("instances/<int:pk>/facts/", instance.list_facts, name="facts"),
    path("instances/<int:pk>/do/<slug:action>/", actions.act, name="act"),
    path("flows/<slug:flow>/start/", instances.start, name="start"),
    path("flows/<slug:flow>/try/", trying.panel, name="try"),
    path("flows/<slug:flow>/try/run", trying.run, name="try_run"),
    path("flows/<slug:flow>/try/recorded", trying.recorded, name="try_recorded"),
    path("flows/<slug:flow>/try/cases", trying.cases, name="try_cases"),
    path("flows/<slug:flow>/try/keep", trying.keep, name="try_keep"),
    path("flows/<slug:flow>/try/update", trying.update, name="try_update"),
    path("flows/<slug:flow>/try/remove", trying.remove, name="try_remove"),
    path("flows/<slug:flow>/try/guard", trying.guard, name="try_guard"),
    path("ledgers/", ledger.ledgers, name="ledgers"),
    path("ledgers/<str:ledger>/", ledger.accounts, name="ledger"),
    path("ledgers/<str:ledger>/accounts/<str:address>/", ledger.account, name="ledger_account"),
    path("settings/messages/", providers.providers, name="providers"),
    path("settings/messages/new/", providers.new, name="provider_new"),
    path("settings/messages/secret/", providers.secret, name="feed_secret"),
    path("settings/messages/<int:pk>/", providers.provider, name="provider"),
    path("settings/messages/<int:pk>/remove/", providers.remove, name="provider_remove"),
    path("webhooks/", webhooks.endpoints, name="webhooks"),
    path("webhooks/new/", webhooks.new, name="webhook_new"),
    path("webhooks/<int:pk>/", webhooks.endpoint, name="webhook"),
    path("webhooks/<int:pk>/renew/", webhooks.renew, name="webhook_renew"),
    path("webhooks/<int:pk>/remove/", webhooks.remove, name="webhook_remove"),
    path("webhooks/deliveries/<int:pk>/again/", webhooks.again, name="webhook_again"),
    path("inbox/", inbox.show_inbox, name="inbox"),
    path("inbox/sync", inbox.sync_inbox, name="inbox_sync"),
    path("inbox/<int:pk>/", inbox.show_task, name="task"),
    path("inbox/<int:pk>/<slug:action>/", inbox.act_on_task, name="task_action"),
]
