"""What a page opens with in a few files instead of eighty: modules and styles are joined when they are collected.

The separate modules in `static/` stay the truth and run as they are while somebody works on Quadrille. `BUNDLES` names
the modules that become one file with all that they import; a module is in one bundle at most, the first to reach it,
and whoever else imports it, bundled or not, imports it from there, so that there is one of it on a page. No module is
understood beyond its lines of imports and exports, whose forms are few (`IMPORT`, `EXPORT`); any other form stops the
collecting.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any, Final

from django.core.files.base import ContentFile

BUNDLES: Final[Mapping[str, tuple[str, ...]]] = {
    "js/app.js": tuple(f"js/controllers/{name}.js" for name in ("confirm", "copy", "live", "menu", "opens", "theme")),
    "js/editor/shared.js": (),
    "js/editor/main.js": ("js/editor/settings/index.js",),
}
"""The first module of each bundle, and what else goes into it although it is only imported when it is wanted."""

OURS: Final = (("js/", ".js"), ("css/", ".css"))
"""Where our own modules and style sheets lie, and how they end."""

IMPORT: Final = re.compile(
    r"""^import (?:(?P<names>\{[^}]*\}|\* as \w+) from )?"(?P<target>\.[^"]+)";$""", re.MULTILINE
)
EXPORT: Final = re.compile(
    r"^export (?P<default>default )?(?P<kept>(?:async )?(?:function\*?|class|const) (?P<name>[\w$]+))", re.MULTILINE
)
# Not the types in comments: `import("./main.js").Editor`.
DYNAMIC: Final = re.compile(r"""\bimport\("(?P<target>\.[^"]+)"\)(?!\.[A-Z])""")
OTHER: Final = re.compile(r"^(?:import|export)\b(?!\().*|.*\bimport\.meta\b.*", re.MULTILINE)
STYLE: Final = re.compile(r"""^@import "(?P<target>[^"/]+)";$""", re.MULTILINE)


class UnjoinableError(ValueError):
    """A module or style sheet cannot be joined: which, and what in it."""


@dataclass(slots=True)
class Module:
    """One source file. `imports`: the paths of what it imports statically, and the names it takes from each."""

    path: str
    text: str
    imports: dict[str, set[str]] = field(default_factory=dict)
    exports: dict[str, str] = field(default_factory=dict)
    """What is exported, under which name in the file: `{"default": "connect"}`."""

    @property
    def variable(self) -> str:
        """What the module is called within a bundle."""
        return "$" + re.sub(r"\W", "_", self.path.removesuffix(".js"))

    def beside(self, target: str) -> str:
        """The path of what it calls `target`."""
        return posixpath.normpath(posixpath.join(posixpath.dirname(self.path), target))


def join_modules(sources: Mapping[str, str], bundles: Mapping[str, tuple[str, ...]] = BUNDLES) -> dict[str, str]:
    """The modules to serve, by path: a bundle under its first module's, the others of it no more.

    Raises `UnjoinableError` for imports in a circle, of what is not there or not exported, and for unknown forms.
    """
    modules = {path: _read(path, text) for path, text in sources.items()}
    for module in modules.values():
        _check(module, modules)
    homes: dict[str, str] = {}
    members: dict[str, list[Module]] = {}
    for first, others in bundles.items():
        members[first] = [m for m in _in_order([*others, first], modules) if m.path not in homes]
        homes |= {module.path: first for module in members[first]}
    joined = {path: _alone(module, modules, homes) for path, module in modules.items() if path not in homes}
    joined |= {first: _bundle(modules[first], members[first], modules, homes) for first in bundles}
    _check_order(joined)
    return joined


def join_styles(sources: Mapping[str, str]) -> dict[str, str]:
    """The style sheets that import others of their folder, with the text of these in place of the import."""
    return {path: _with_imported(path, text, sources) for path, text in sources.items() if STYLE.search(text)}


class Joined:
    """Texts that stand in for files, as far as collecting static files reads them."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        """Texts by the name of their file."""
        self._texts = texts

    def open(self, name: str) -> ContentFile[bytes]:
        """The text as a file of bytes."""
        return ContentFile(self._texts[name].encode())


def bundled(paths: Mapping[str, tuple[Any, str]]) -> dict[str, tuple[Any, str]]:
    """What is collected, `{name: (storage, path)}`, with bundles in place of our modules and style sheets."""
    modules, styles = (
        {name: _text(*found) for name, found in paths.items() if name.startswith(folder) and name.endswith(ending)}
        for folder, ending in OURS
    )
    joined = join_modules(modules) | join_styles(styles)
    kept = {name: found for name, found in paths.items() if name not in modules}
    return kept | {name: (Joined(joined), name) for name in joined}


def _text(storage: Any, path: str) -> str:
    with storage.open(path) as file:
        return str(file.read().decode())


def _with_imported(path: str, text: str, sources: Mapping[str, str]) -> str:
    folder = posixpath.dirname(path)
    return STYLE.sub(lambda found: sources[f"{folder}/{found['target']}"], text)


# ---------------------------------------------------------------- reading


def _read(path: str, text: str) -> Module:
    module = Module(path, text)
    for found in IMPORT.finditer(text):
        names = found["names"] or ""
        taken = (
            {word.split()[0] for word in names.strip("{} ").split(",") if word.strip()} if names[:1] == "{" else set()
        )
        module.imports.setdefault(module.beside(found["target"]), set()).update(taken)
    for found in EXPORT.finditer(text):
        module.exports["default" if found["default"] else found["name"]] = found["name"]
    return module


def _check(module: Module, modules: Mapping[str, Module]) -> None:
    for path, names in module.imports.items():
        if path not in modules:
            raise UnjoinableError(f"{module.path} imports {path}, which is not there")
        if missing := names - set(modules[path].exports):
            raise UnjoinableError(f"{module.path} imports {', '.join(sorted(missing))}, which {path} does not export")


def _check_order(joined: Mapping[str, str]) -> None:
    """Each file's name has a hash of its content, and so of the names in it: none may lead back to itself."""
    files = [Module(path, text) for path, text in joined.items()]
    named = {
        file.path: {file.beside(found["target"]) for form in (IMPORT, DYNAMIC) for found in form.finditer(file.text)}
        for file in files
    }
    try:
        TopologicalSorter(named).prepare()
    except CycleError as error:
        raise UnjoinableError(f"names of files go in a circle: {' → '.join(reversed(error.args[1]))}") from None


def _in_order(paths: Iterable[str], modules: Mapping[str, Module]) -> list[Module]:
    """These and all that they import, each after what it imports."""
    ordered: dict[str, Module] = {}

    def visit(path: str, above: tuple[str, ...]) -> None:
        if path in above:
            raise UnjoinableError(f"imports go in a circle: {' → '.join((*above, path))}")
        if path not in ordered:
            for target in modules[path].imports:
                visit(target, (*above, path))
            ordered[path] = modules[path]

    for path in paths:
        visit(path, ())
    return list(ordered.values())


# ---------------------------------------------------------------- writing


def _alone(module: Module, modules: Mapping[str, Module], homes: Mapping[str, str]) -> str:
    """A module in a file of its own, which takes from bundles what is in them."""

    def statically(found: re.Match[str]) -> str:
        target = module.beside(found["target"])
        if target not in homes:
            return found[0]
        if not found["names"]:
            return f'import "{_relative(module.path, homes[target])}";'
        source = modules[target].variable
        address = _relative(module.path, homes[target])
        return f'import {{ {source} }} from "{address}";\n{_taken(found["names"], source)}'

    return _dynamic(IMPORT.sub(statically, module.text), module, module.path, modules, homes)


def _bundle(first: Module, members: list[Module], modules: Mapping[str, Module], homes: Mapping[str, str]) -> str:
    elsewhere = sorted({path for member in members for path in member.imports if homes[path] != first.path})
    lines = []
    for home in sorted({homes[path] for path in elsewhere}):
        variables = ", ".join(modules[path].variable for path in elsewhere if homes[path] == home)
        lines.append(f'import {{ {variables} }} from "{_relative(first.path, home)}";')
    lines += [f"const {member.variable} = {_wrapped(member, first, modules, homes)};" for member in members]
    lines.append(f"export {{ {', '.join(member.variable for member in members)} }};")
    if "default" in first.exports:
        lines.append(f"export default {first.variable}.default;")
    return "\n".join(lines) + "\n"


def _wrapped(module: Module, first: Module, modules: Mapping[str, Module], homes: Mapping[str, str]) -> str:
    """A module as a function that is called at once and answers what the module exports."""
    text = IMPORT.sub(
        lambda found: (
            _taken(found["names"], modules[module.beside(found["target"])].variable) if found["names"] else ""
        ),
        module.text,
    )
    text = EXPORT.sub(lambda found: found["kept"], text)
    if other := OTHER.search(text):
        raise UnjoinableError(f"{module.path} has a form that cannot be joined: {other[0]}")
    text = _dynamic(text, module, first.path, modules, homes)
    exports = ", ".join(f"{out}: {name}" if out != name else name for out, name in module.exports.items())
    return f"(() => {{\n{text}\nreturn {{ {exports} }};\n}})()"


def _dynamic(
    text: str, module: Module, written_to: str, modules: Mapping[str, Module], homes: Mapping[str, str]
) -> str:
    """A text whose `import("…")` are right in the file that it is written to."""

    def replaced(found: re.Match[str]) -> str:
        target = module.beside(found["target"])
        home = homes.get(target)
        if target not in modules:
            return found[0]
        if home is None:
            return f'import("{_relative(written_to, target)}")'
        variable = modules[target].variable
        if home == written_to:
            return f"Promise.resolve({variable})"
        return f'import("{_relative(written_to, home)}").then((bundle) => bundle.{variable})'

    return DYNAMIC.sub(replaced, text)


def _taken(names: str, source: str) -> str:
    """`{ a, b as c }` or `* as name` of an import as the declaration of these names."""
    if names.startswith("*"):
        return f"const {names.removeprefix('* as ')} = {source};"
    return f"const {re.sub(r' as ', ': ', names)} = {source};"


def _relative(source: str, target: str) -> str:
    path = posixpath.relpath(target, posixpath.dirname(source))
    return path if path.startswith(".") else f"./{path}"
