"""`/novu/…`. Names that people choose may hold slashes, which arrive decoded: what follows a name is matched first,
what the vendor alone has there included.
"""

from __future__ import annotations

from django.urls import path, re_path

from dialects.novu.base import NoSuchPath
from dialects.novu.views import activity, environments, events, people, workflows

app_name = "novu"
WORKFLOW = "v2/workflows/<path:workflow>"

urlpatterns = [
    path("v2/workflows", workflows.Workflows.as_view()),
    path(f"{WORKFLOW}/sync", workflows.Sync.as_view()),
    path(f"{WORKFLOW}/duplicate", workflows.Duplicate.as_view()),
    path(f"{WORKFLOW}/test-data", workflows.WorkflowTestData.as_view()),
    path(f"{WORKFLOW}/steps/<path:step>", workflows.OneStep.as_view()),
    path(f"{WORKFLOW}/step/<path:step>/preview", workflows.Preview.as_view()),
    path(WORKFLOW, workflows.OneWorkflow.as_view()),
    path("v1/events/trigger", events.TriggerOne.as_view()),
    path("v1/events/trigger/bulk", events.TriggerBulk.as_view()),
    path("v1/events/trigger/broadcast", events.TriggerBroadcast.as_view()),
    path("v1/events/trigger/<path:transaction>", events.Cancel.as_view()),
    path("v1/environments", environments.Environments.as_view()),
    path("v1/environments/<str:environment>", environments.OneEnvironment.as_view()),
    path("v2/environments/<str:environment>/tags", environments.Tags.as_view()),
    path("v2/environments/<str:environment>/publish", environments.Publish.as_view()),
    path("v2/environments/<str:environment>/diff", environments.Diff.as_view()),
    path("v1/notifications", activity.Notifications.as_view()),
    path("v1/notifications/<str:notification>", activity.OneNotification.as_view()),
    path("v1/messages", activity.Messages.as_view()),
    path("v1/messages/<str:message>", activity.OneMessage.as_view()),
    path("v2/subscribers", people.Subscribers.as_view()),
    path("v1/subscribers/bulk", people.SubscribersBulk.as_view()),
    re_path(r"^v2/subscribers/.+/(subscriptions|notifications|preferences/bulk)(/|$)", NoSuchPath.as_view()),
    path("v2/subscribers/<path:subscriber>/preferences", people.Preferences.as_view()),
    path("v2/subscribers/<path:subscriber>", people.OneSubscriber.as_view()),
    path("v2/topics", people.Topics.as_view()),
    re_path(r"^v2/topics/.+/subscriptions/", NoSuchPath.as_view()),
    path("v2/topics/<path:topic>/subscriptions", people.Subscriptions.as_view()),
    path("v2/topics/<path:topic>", people.OneTopic.as_view()),
    re_path("^.*$", NoSuchPath.as_view()),
]
