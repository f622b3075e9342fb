"""`/novu/…`"""

from __future__ import annotations

from django.urls import path, re_path

from dialects.novu.base import NoSuchPath
from dialects.novu.views import workflows

app_name = "novu"
WORKFLOW = "v2/workflows/<str:workflow>"

urlpatterns = [
    path("v2/workflows", workflows.Workflows.as_view()),
    path(WORKFLOW, workflows.OneWorkflow.as_view()),
    path(f"{WORKFLOW}/sync", workflows.Sync.as_view()),
    path(f"{WORKFLOW}/duplicate", workflows.Duplicate.as_view()),
    path(f"{WORKFLOW}/test-data", workflows.WorkflowTestData.as_view()),
    path(f"{WORKFLOW}/steps/<str:step>", workflows.OneStep.as_view()),
    path(f"{WORKFLOW}/step/<str:step>/preview", workflows.Preview.as_view()),
    re_path("^.*$", NoSuchPath.as_view()),
]
