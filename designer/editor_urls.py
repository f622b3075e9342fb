"""The editor's addresses, below `flows/<flow>/edit/`, and those of what is said beside it.

Script posts to all doors below `edit/` but the first five; `copy` only reads.
"""

from django.urls import URLPattern, path

from designer.views import comments, editor, editor_doors, settings_doors

editor_urls: list[URLPattern] = [
    path("flows/<slug:flow>/edit/", editor.edit, name="edit"),
    path("flows/<slug:flow>/edit/inspector", editor.inspector, name="edit_inspector"),
    path("flows/<slug:flow>/edit/sync", editor.sync, name="edit_sync"),
    path("flows/<slug:flow>/edit/targets", editor.targets, name="edit_targets"),
    path("flows/<slug:flow>/edit/find", editor.find, name="edit_find"),
    path("flows/<slug:flow>/edit/copy", editor.copy, name="edit_copy"),
    path("flows/<slug:flow>/edit/data", settings_doors.data, name="edit_data"),
    path("flows/<slug:flow>/edit/truth", settings_doors.truth, name="edit_truth"),
    path("flows/<slug:flow>/edit/sample-data", settings_doors.sample_data_of, name="edit_sample_data"),
    path("flows/<slug:flow>/edit/keep-sample", settings_doors.keep, name="edit_keep_sample"),
    path("flows/<slug:flow>/edit/form-preview", settings_doors.form_preview, name="edit_form_preview"),
    path("flows/<slug:flow>/edit/edits", editor_doors.edits, name="edit_edits"),
    path("flows/<slug:flow>/edit/fields", editor_doors.fields, name="edit_fields"),
    path("flows/<slug:flow>/edit/undo", editor_doors.undo, name="edit_undo"),
    path("flows/<slug:flow>/edit/redo", editor_doors.redo, name="edit_redo"),
    path("flows/<slug:flow>/edit/tidy", editor_doors.tidy, name="edit_tidy"),
    path("flows/<slug:flow>/edit/duplicate", editor_doors.duplicate, name="edit_duplicate"),
    path("flows/<slug:flow>/edit/paste", editor_doors.paste, name="edit_paste"),
    path("flows/<slug:flow>/comments/", comments.panel, name="comments"),
    path("flows/<slug:flow>/comments/sync", comments.sync, name="comments_sync"),
    path("flows/<slug:flow>/comments/threads/<int:thread>/reply", comments.reply, name="comment_reply"),
    path("flows/<slug:flow>/comments/threads/<int:thread>/resolve", comments.resolve, name="comment_resolve"),
    path("flows/<slug:flow>/comments/threads/<int:thread>/reopen", comments.reopen, name="comment_reopen"),
    path("flows/<slug:flow>/comments/comments/<int:comment>/edit", comments.edit, name="comment_edit"),
    path("flows/<slug:flow>/comments/comments/<int:comment>/delete", comments.delete, name="comment_delete"),
    path("mentions/", comments.mentions, name="mentions"),
    path("mentions/read/", comments.read_mentions, name="read_mentions"),
    path("mentions/<int:pk>/", comments.mention, name="mention"),
]
