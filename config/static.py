"""Static files under names that carry a hash of their content, module imports included: cached for ever."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # WhiteNoise has no types
    """Hashed and compressed files; `import "./x.js"` in our modules is rewritten to the hashed name too."""

    support_js_module_import_aggregation = True
