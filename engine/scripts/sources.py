"""Scripts: Python files of the deployment, known by the hash of their source. Never code that came over the network.

A script is a file of a folder (`billing-worker` is `billing-worker.py` or `billing_worker.py`, `shop.billing` is
`shop/billing.py`), or a module of a package that `QUADRILLE_SCRIPT_PACKAGES` names. The folder `organizations/<slug>`
of `QUADRILLE_SCRIPTS` is that organization's alone, and looked into first. What lies beside it, and packages, are for
the organizations that `QUADRILLE_SCRIPT_ORGANIZATIONS` names. For all others a script is not there.

Its fingerprint covers it and what it imports from the folder, or from its package. Code is run from the very text that
was hashed: what has been imported before by this process, or for another organization, plays no part.
"""

from __future__ import annotations

import ast
import builtins
import hashlib
import importlib.util
import linecache
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from django.conf import settings

from engine.scripts import workers

NAME: Final = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
LONGEST_NAME: Final = 255
MAX_BYTES: Final = 1024 * 1024
MOST_FILES: Final = 200
OF_ORGANIZATIONS: Final = "organizations"
"""The folder of the folders that belong to one organization each."""
OFFERED: Final = {"workers": workers}
"""Modules that scripts may import although no package of that name is installed."""


class ScriptProblem(Exception):
    """A script cannot be run. `name` is that of the error, the text says what to do."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


@dataclass(frozen=True, slots=True)
class Script:
    """A script as it is on disk now. `files`: the text of each of its modules, by dotted name; the first is its own."""

    name: str
    path: Path
    files: Mapping[str, tuple[Path, str]]
    fingerprint: str

    @property
    def text(self) -> str:
        """Its own source."""
        return next(iter(self.files.values()))[1]


def find_script(name: str, *, organization: str) -> Script | None:
    """The script of this name that an organization (its slug) may use, as it is on disk now; None where there is none.

    Raises `ScriptProblem`: too large.
    """
    if len(name) > LONGEST_NAME or not NAME.fullmatch(name):
        return None
    source = _source_of(name, organization)
    path = source(name) if source is not None else None
    if path is None or source is None:
        return None
    files: dict[str, tuple[Path, str]] = {}
    todo = [(name, path)]
    while todo:
        module, where = todo.pop(0)
        if module in files:
            continue
        if len(files) >= MOST_FILES:
            raise ScriptProblem(
                "ScriptTooLarge", f"The script {name} imports more than {MOST_FILES} of its own modules."
            )
        files[module] = (where, _read(where))
        todo += [(other, found) for other in _imports(files[module][1]) if (found := source(other))]
    digest = hashlib.sha256()
    for module in sorted(files):
        digest.update(f"{module}\n{len(files[module][1])}\n{files[module][1]}".encode())
    return Script(name, path, files, digest.hexdigest())


def _read(path: Path) -> str:
    try:
        raw = path.read_bytes()
        if len(raw) > MAX_BYTES:
            raise ScriptProblem("ScriptTooLarge", f"{path.name} is larger than 1 MiB.")
        return raw.decode()
    except (OSError, UnicodeDecodeError) as bad:
        raise ScriptProblem("ScriptUnreadable", f"{path.name} cannot be read: {bad}") from bad


Source = Callable[[str], Path | None]
"""From the name of a module to its file; None where it has none of that name."""


def _source_of(name: str, organization: str) -> Source | None:
    """Where a script lies, which is also where its imports are looked for first; None where there is no such script."""
    return next((source for source in _sources(name, organization) if source(name) is not None), None)


def _sources(name: str, organization: str) -> Iterator[Source]:
    shared = Path(settings.SCRIPTS_FOLDER)
    if organization:
        yield partial(_in_folder, shared / OF_ORGANIZATIONS / organization)
    allowed = settings.SCRIPT_ORGANIZATIONS
    if "*" in allowed or organization in allowed:
        yield partial(_in_shared_folder, shared)
        yield partial(_in_package_of, name.replace("-", "_").split(".")[0])


def _in_folder(folder: Path, name: str) -> Path | None:
    for spelled in dict.fromkeys((name, name.replace("-", "_"))):
        path = folder.joinpath(*spelled.split(".")).with_name(spelled.split(".")[-1] + ".py")
        if path.is_file() and path.resolve().is_relative_to(folder.resolve()):
            return path
    return None


def _in_shared_folder(folder: Path, name: str) -> Path | None:
    """A file beside the organizations' own folders, by whatever way it is reached."""
    path = _in_folder(folder, name)
    own = (folder / OF_ORGANIZATIONS).resolve()
    return None if path is None or path.resolve().is_relative_to(own) else path


def _in_package_of(package: str, name: str) -> Path | None:
    """A module of a package that the deployment has named: no other installed code can be reached from outside."""
    dotted = name.replace("-", "_")
    is_named = any(dotted == allowed or dotted.startswith(f"{allowed}.") for allowed in settings.SCRIPT_PACKAGES)
    if not is_named or dotted.split(".")[0] != package:
        return None
    try:
        spec = importlib.util.find_spec(dotted)
    except (ImportError, ValueError):
        return None
    origin = spec.origin if spec is not None else None
    return Path(origin) if origin is not None and origin.endswith(".py") else None


def _imports(text: str) -> Iterator[str]:
    """Every module that a source names in an import."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def has_class(script: Script, class_name: str) -> bool:
    """Whether the source defines this class with a method `run`. Read, not run."""
    try:
        tree = ast.parse(script.text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == class_name:
            return any(isinstance(member, ast.AsyncFunctionDef) and member.name == "run" for member in node.body)
    return False


# -- running a source -------------------------------------------------------------------------------------------------

_loaded: dict[tuple[str, str, str], dict[str, ModuleType]] = {}
MOST_LOADED: Final = 100
_lock = threading.RLock()


def load_class(script_name: str, class_name: str, fingerprint: str, *, organization: str) -> tuple[type[Any], str]:
    """The class of a script that an organization may use, and the fingerprint of its source.

    Raises `ScriptProblem`: there is no such script or class for it, it cannot be imported, or its source is not any
    more that of `fingerprint` (empty: any will do).
    """
    script = find_script(script_name, organization=organization)
    if script is None:
        message = (
            f"There is no script {script_name!r} in this installation that the organization {organization!r} may use. "
            "Put it back, then retry the instance."
        )
        raise ScriptProblem("ScriptMissing", message)
    if fingerprint and script.fingerprint != fingerprint:
        message = (
            f"The source of the script {script_name!r} has changed while this instance was running (it "
            f"began with {fingerprint[:12]}, now it is {script.fingerprint[:12]}). Put the old source back and retry "
            "the instance, or start it anew on a new version."
        )
        raise ScriptProblem("ScriptChanged", message)
    module = _load(script, organization)
    found = getattr(module, class_name, None)
    if not isinstance(found, type) or not callable(getattr(found, "run", None)):
        raise ScriptProblem(
            "ScriptMissing", f"The script {script_name!r} has no class {class_name!r} with a method run."
        )
    return found, script.fingerprint


def _load(script: Script, organization: str) -> ModuleType:
    """Its module. Organizations share none, even of one and the same file: what lies in its variables is theirs."""
    with _lock:
        key = (organization, script.name, script.fingerprint)
        modules = _loaded.get(key)
        if modules is None:
            modules = {}
            _execute(script, script.name, modules)
            if len(_loaded) >= MOST_LOADED:
                _loaded.clear()
            _loaded[key] = modules
        return modules[script.name]


def _execute(script: Script, name: str, modules: dict[str, ModuleType]) -> ModuleType:
    """Run one module of a script in a namespace of its own."""
    path, text = script.files[name]
    module = ModuleType(name)
    module.__file__ = str(path)
    modules[name] = module

    def import_(target: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        if level == 0 and target in script.files:
            found = modules.get(target) or _execute(script, target, modules)
            for part in fromlist or ():
                if f"{target}.{part}" in script.files and not hasattr(found, part):
                    inner = f"{target}.{part}"
                    setattr(found, part, modules.get(inner) or _execute(script, inner, modules))
            return found
        if level == 0 and target in OFFERED:
            return OFFERED[target]
        return builtins.__import__(target, globals, locals, fromlist, level)

    module.__dict__["__builtins__"] = {**vars(builtins), "__import__": import_}
    linecache.cache[str(path)] = (len(text), None, text.splitlines(keepends=True), str(path))
    try:
        exec(compile(text, str(path), "exec"), module.__dict__)  # noqa: S102  # the deployment's own files, see above
    except Exception as bad:
        modules.pop(name, None)
        message = f"The script {name!r} cannot be imported: {type(bad).__name__}: {bad}"
        raise ScriptProblem("ScriptBroken", message[:1000]) from bad
    return module
