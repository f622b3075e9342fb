"""The native API, below `/api/v1/`."""

from django.urls import path

from dialects.native.views import flows, versions

app_name = "native"
urlpatterns = [
    path("flows", flows.Flows.as_view()),
    path("flows/<str:key>", flows.OneFlow.as_view()),
    path("flows/<str:key>/publish", flows.Publish.as_view()),
    path("flows/<str:key>/versions", versions.Versions.as_view()),
    path("flows/<str:key>/versions/diff", versions.Diff.as_view()),
    path("flows/<str:key>/versions/<int:number>", versions.OneVersion.as_view()),
    path("flows/<str:key>/versions/<int:number>/graph.svg", versions.SvgGraph.as_view()),
    path("flows/<str:key>/versions/<int:number>/graph.dot", versions.DotGraph.as_view()),
    path("flows/<str:key>/versions/<int:number>/graph.png", versions.PngGraph.as_view()),
]
