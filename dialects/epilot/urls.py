"""The epilot workflow APIs, below `/epilot/`: definitions and executions, which the vendor has on two hosts."""

from django.urls import path

from dialects.epilot.views import closing_reasons, definitions, executions, older_executions, templates

V1, V2 = "v1/workflows", "v2/flows"

EXECUTIONS = f"{V2}/executions"
TASK = f"{EXECUTIONS}/<str:id>/tasks/<str:task>"

app_name = "epilot"
urlpatterns = [
    path(f"{V1}/limits/max-allowed", definitions.Limits.as_view()),
    path(f"{V1}/definitions", definitions.Definitions.as_view()),
    path(f"{V1}/definitions/<str:id>", definitions.OneDefinition.as_view()),
    path(f"{V1}/definitions/<str:id>/closing-reasons", definitions.DefinitionReasons.as_view()),
    path(f"{V1}/closing-reasons", closing_reasons.Reasons.as_view()),
    path(f"{V1}/closing-reasons/<str:id>", closing_reasons.OneReasonV1.as_view()),
    path(f"{V1}/executions", older_executions.Executions.as_view()),
    path(f"{V1}/executions/search", older_executions.Search.as_view()),
    path(f"{V1}/executions/steps/search", older_executions.SearchSteps.as_view()),
    path(f"{V1}/executions/<str:id>", older_executions.OneExecution.as_view()),
    path(f"{V1}/executions/<str:id>/steps", older_executions.Steps.as_view()),
    path(f"{V1}/executions/<str:id>/steps/<str:step>", older_executions.OneStep.as_view()),
    path(f"{V1}/executions/<str:id>/closing-reasons", older_executions.Reasons.as_view()),
    path("v2/workflows/closing-reasons/<str:id>", closing_reasons.OneReason.as_view()),
    path(f"{V2}/templates", templates.Templates.as_view()),
    path(f"{V2}/templates:search", templates.SearchTemplates.as_view()),
    path(f"{V2}/templates/import", templates.Import.as_view()),
    path(f"{V2}/templates/<str:id>", templates.OneTemplate.as_view()),
    path(f"{V2}/templates/<str:id>/duplicate", templates.Duplicate.as_view()),
    path(f"{V2}/templates/<str:id>/export", templates.Export.as_view()),
    path(EXECUTIONS, executions.Executions.as_view()),
    path(f"{EXECUTIONS}:search", executions.SearchExecutions.as_view()),
    path(f"{EXECUTIONS}/<str:id>", executions.OneExecution.as_view()),
    path(f"{EXECUTIONS}/<str:id>/tasks", executions.Tasks.as_view()),
    path(TASK, executions.OneTask.as_view()),
    path(f"{TASK}/automation:run", executions.RunAutomation.as_view()),
    path(f"{TASK}/execute", executions.Execute.as_view()),
    path(f"{TASK}/schedule/run-now", executions.RunNow.as_view()),
    path(f"{TASK}/schedule", executions.TaskSchedule.as_view()),
    path(f"{TASK}/reconcile-automation", executions.Reconcile.as_view()),
    path(f"{EXECUTIONS}/<str:id>/schedules/<str:schedule>", executions.Schedule.as_view()),
    path(f"{EXECUTIONS}/<str:id>/phases/<str:phase>", executions.OnePhase.as_view()),
]
