"""The epilot workflow APIs, below `/epilot/`: definitions and executions, which the vendor has on two hosts."""

from django.urls import path

from dialects.epilot.views import closing_reasons, definitions, templates

V1, V2 = "v1/workflows", "v2/flows"

app_name = "epilot"
urlpatterns = [
    path(f"{V1}/limits/max-allowed", definitions.Limits.as_view()),
    path(f"{V1}/definitions", definitions.Definitions.as_view()),
    path(f"{V1}/definitions/<str:id>", definitions.OneDefinition.as_view()),
    path(f"{V1}/definitions/<str:id>/closing-reasons", definitions.DefinitionReasons.as_view()),
    path(f"{V1}/closing-reasons", closing_reasons.Reasons.as_view()),
    path(f"{V1}/closing-reasons/<str:id>", closing_reasons.OneReasonV1.as_view()),
    path("v2/workflows/closing-reasons/<str:id>", closing_reasons.OneReason.as_view()),
    path(f"{V2}/templates", templates.Templates.as_view()),
    path(f"{V2}/templates:search", templates.SearchTemplates.as_view()),
    path(f"{V2}/templates/import", templates.Import.as_view()),
    path(f"{V2}/templates/<str:id>", templates.OneTemplate.as_view()),
    path(f"{V2}/templates/<str:id>/duplicate", templates.Duplicate.as_view()),
    path(f"{V2}/templates/<str:id>/export", templates.Export.as_view()),
]
