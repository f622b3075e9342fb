"""Console pages of the engine, below `/o/<org>/<env>/`."""

from django.urls import URLPattern, URLResolver, path

from engine.views import actions, bulk, inbox, instance, instances

app_name = "engine"
urlpatterns: list[URLPattern | URLResolver] = [
    path("instances/", instances.list_instances, name="instances"),
    path("instances/sync", instances.sync_instances, name="instances_sync"),
    path("instances/start/", instances.start, name="start_any"),
    path("instances/bulk/", bulk.act_on_many, name="bulk"),
    path("instances/<int:pk>/", instance.show_instance, name="instance"),
    path("instances/<int:pk>/sync", instance.sync_instance, name="instance_sync"),
    path("instances/<int:pk>/facts/", instance.list_facts, name="facts"),
    path("instances/<int:pk>/do/<slug:action>/", actions.act, name="act"),
    path("flows/<slug:flow>/start/", instances.start, name="start"),
    path("inbox/", inbox.show_inbox, name="inbox"),
    path("inbox/sync", inbox.sync_inbox, name="inbox_sync"),
    path("inbox/<int:pk>/", inbox.show_task, name="task"),
    path("inbox/<int:pk>/<slug:action>/", inbox.act_on_task, name="task_action"),
]
