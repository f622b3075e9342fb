"""The native API, below `/api/v1/`."""

from django.urls import path

from dialects.native.views import events, flows, instances, interventions, reference, steps, versions

app_name = "native"
urlpatterns = [
    path("", reference.start, name="start"),
    path("reference", reference.page, name="reference"),
    path("schema", reference.schema, name="schema"),
    path("flow-file.schema.json", reference.flow_file, name="flow_file"),
    path("flows", flows.Flows.as_view()),
    path("flows/<str:key>", flows.OneFlow.as_view()),
    path("flows/<str:key>/publish", flows.Publish.as_view()),
    path("flows/<str:key>/versions", versions.Versions.as_view()),
    path("flows/<str:key>/versions/diff", versions.Diff.as_view()),
    path("flows/<str:key>/versions/<int:number>", versions.OneVersion.as_view()),
    path("flows/<str:key>/versions/<int:number>/graph.svg", versions.SvgGraph.as_view()),
    path("flows/<str:key>/versions/<int:number>/graph.dot", versions.DotGraph.as_view()),
    path("flows/<str:key>/versions/<int:number>/graph.png", versions.PngGraph.as_view()),
    path("flows/<str:key>/instances", instances.StartInstance.as_view()),
    path("flows/<str:key>/instances/batch", instances.StartBatch.as_view()),
    path("instances", instances.Instances.as_view()),
    path("instances/bulk", interventions.Bulk.as_view()),
    path("instances/<str:instance>", instances.OneInstance.as_view()),
    path("instances/<str:instance>/facts", instances.Facts.as_view()),
    path("instances/<str:instance>/events", events.InstanceEvents.as_view()),
    path("instances/<str:instance>/pause", interventions.Pause.as_view()),
    path("instances/<str:instance>/resume", interventions.Resume.as_view()),
    path("instances/<str:instance>/terminate", interventions.Terminate.as_view()),
    path("instances/<str:instance>/restart", interventions.Restart.as_view()),
    path("instances/<str:instance>/retry", interventions.Retry.as_view()),
    path("instances/<str:instance>/revert", interventions.Revert.as_view()),
    path("instances/<str:instance>/close", interventions.Close.as_view()),
    path("instances/<str:instance>/migrate", interventions.Migrate.as_view()),
    path("instances/<str:instance>/steps/<str:task>/complete", steps.Complete.as_view()),
    path("instances/<str:instance>/steps/<str:task>/skip", steps.Skip.as_view()),
    path("instances/<str:instance>/steps/<str:task>/claim", steps.Claim.as_view()),
    path("instances/<str:instance>/steps/<str:task>/unclaim", steps.Unclaim.as_view()),
    path("instances/<str:instance>/steps/<str:task>/hold", steps.Hold.as_view()),
    path("instances/<str:instance>/steps/<str:task>/release", steps.Release.as_view()),
    path("instances/<str:instance>/steps/<str:task>/assign", steps.Assign.as_view()),
    path("instances/<str:instance>/steps/<str:task>/start", steps.Start.as_view()),
    path("inbox", steps.Inbox.as_view()),
    path("events", events.Events.as_view()),
]
