"""Console pages of the designer, below `/o/<org>/<env>/`."""

from django.urls import URLPattern, URLResolver, path

from designer.editor_urls import editor_urls
from designer.views import closing_reasons, flows, gallery, promoting, publishing, switches, triggers, versions

app_name = "designer"
urlpatterns: list[URLPattern | URLResolver] = [
    *editor_urls,
    path("flows/", flows.flows, name="flows"),
    # No key of a flow begins with a hyphen.
    path("flows/-/new/", flows.new, name="new"),
    path("flows/-/import/", flows.import_file, name="import"),
    path("flows/-/templates/", gallery.gallery, name="gallery"),
    path("flows/-/templates/<slug:template>/", gallery.template, name="template"),
    path("flows/-/templates/<slug:template>/use/", gallery.use, name="template_use"),
    path("flows/-/templates/<slug:template>/<slug:look>.svg", gallery.picture, name="template_picture"),
    path("flows/-/environments/", promoting.overview, name="elsewhere_overview"),
    path("flows/<slug:flow>/", flows.flow, name="flow"),
    path("flows/<slug:flow>/environments/", promoting.elsewhere, name="elsewhere"),
    path("flows/<slug:flow>/environments/<slug:to>/promote/", promoting.promote, name="promote"),
    path("flows/<slug:flow>/enabled/", flows.enabled, name="enabled"),
    path("flows/<slug:flow>/switches/", switches.plan, name="switch_plan"),
    path("flows/<slug:flow>/switches/<int:pk>/drop/", switches.drop, name="switch_drop"),
    path("flows/<slug:flow>/duplicate/", flows.duplicate, name="duplicate"),
    path("flows/<slug:flow>/delete/", flows.delete, name="delete"),
    path("flows/<slug:flow>/export.<str:format>", flows.export, name="export"),
    path("flows/<slug:flow>/publish/", publishing.publish, name="publish"),
    path("flows/<slug:flow>/versions/", versions.versions, name="versions"),
    path("flows/<slug:flow>/versions/<int:number>/", versions.version, name="version"),
    path("flows/<slug:flow>/versions/<int:number>/graph.<str:format>", versions.graph, name="graph"),
    path("flows/<slug:flow>/versions/<int:number>/fork/", versions.fork, name="fork"),
    path("flows/<slug:flow>/versions/<int:number>/restore/", versions.restore, name="restore"),
    path("flows/<slug:flow>/compare/", versions.compare, name="compare"),
    path("flows/<slug:flow>/triggers/", triggers.triggers, name="triggers"),
    path("flows/<slug:flow>/triggers/<int:pk>/try/", triggers.try_out, name="trigger_try"),
    path("flows/<slug:flow>/triggers/<slug:source>/<slug:id>/try/", triggers.try_outside, name="trigger_try_outside"),
    path("flows/<slug:flow>/triggers/<slug:source>/new/", triggers.new_outside, name="trigger_new_outside"),
    path(
        "flows/<slug:flow>/triggers/<slug:source>/<slug:id>/remove/",
        triggers.remove_outside,
        name="trigger_remove_outside",
    ),
    path("flows/<slug:flow>/triggers/<int:pk>/switch/", triggers.switch, name="trigger_switch"),
    path("flows/<slug:flow>/triggers/<int:pk>/renew/", triggers.renew, name="trigger_renew"),
    path("flows/<slug:flow>/triggers/<int:pk>/secret/", triggers.secret, name="trigger_secret"),
    path("settings/closing-reasons/", closing_reasons.reasons, name="closing_reasons"),
    path("settings/closing-reasons/new/", closing_reasons.new, name="closing_reason_new"),
    path("settings/closing-reasons/<int:pk>/", closing_reasons.edit, name="closing_reason"),
    path("settings/closing-reasons/<int:pk>/remove/", closing_reasons.remove, name="closing_reason_remove"),
]
