"""Kingfisher's scanner is loaded once, by whoever needs it, and what it finds is never sent anywhere."""

from __future__ import annotations

import ast
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import kingfisher_sdk
import pytest

import counterfoil
from counterfoil.redaction import kingfisher
from counterfoil.redaction.scanner import scan

HEX_32 = "0123456789abcdef0123456789abcdef"
# Of a provider whose keys no rule of ours knows.
POSTMAN = "PMAK-" + HEX_32[:24] + "-" + HEX_32 + "ab"


def test_it_is_loaded_once_whoever_asks_first(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[kingfisher_sdk.Scanner] = []

    class Counted(kingfisher_sdk.Scanner):
        def __init__(self, *arguments: object, **options: object) -> None:
            super().__init__(*arguments, **options)  # type: ignore[arg-type]
            made.append(self)

    monkeypatch.setattr(kingfisher_sdk, "Scanner", Counted)
    monkeypatch.setattr(kingfisher, "_loaded", kingfisher._Loaded())
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(scan, [f"see {POSTMAN} and {place}" for place in range(32)]))
    assert [len(one) for one in found] == [1] * 32
    kingfisher.prepare()
    assert len(made) == 1


def test_rules_are_kept_in_the_folder_that_is_given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given: list[object] = []

    class Noted(kingfisher_sdk.Rules):
        def __init__(self, *, cache_dir: object) -> None:
            given.append(cache_dir)
            super().__init__()

    monkeypatch.setattr(kingfisher_sdk, "Rules", Noted)
    monkeypatch.setattr(kingfisher, "_loaded", kingfisher._Loaded())
    kingfisher.prepare(tmp_path)
    assert given == [tmp_path]
    assert len(scan(f"see {POSTMAN}")) == 1


def test_a_process_that_only_logs_does_not_load_it() -> None:
    program = (
        "import sys\n"
        "from counterfoil.redaction import scanner\n"
        "from counterfoil.redaction.rules import redact, redact_value\n"
        "redact('key sk-' + 'a1B2' * 12), redact_value({'password': 'x', 'note': '密码是hunter2x'})\n"
        "assert 'kingfisher_sdk' not in sys.modules\n"
        "scanner.scan('x')\n"
        "assert 'kingfisher_sdk' in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False, timeout=120, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_only_its_scanner_is_used() -> None:
    """Its validator and its revoker would send what was found to the providers."""
    used: set[str] = set()
    for path in Path(counterfoil.__file__).parent.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(source)) if "kingfisher_sdk" in source else ():
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("kingfisher_sdk"):
                used |= {alias.name for alias in node.names}
            if isinstance(node, ast.Import):
                assert not any(alias.name.startswith("kingfisher_sdk") for alias in node.names), path
    assert used == {"Rules", "Scanner"}


def test_what_kingfisher_keeps_of_a_secret_is_redacted_too() -> None:
    """Its findings hold the secret unless told otherwise, and may end up in a traceback."""
    found = kingfisher._loaded.scanner().scan(f"see {POSTMAN}")
    assert [HEX_32 in one.secret or HEX_32 in str(one) for one in found] == [False]


def test_ids_that_it_finds_beside_secrets_are_none() -> None:
    account = "AZURE_TENANT_ID=6f1b3f0c-5a2e-4b1c-8e2f-1a2b3c4d5e6f"
    assert scan(account) == []
