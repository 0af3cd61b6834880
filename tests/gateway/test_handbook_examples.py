"""The examples of the handbook run as they are printed, against a gateway with the sandbox behind it, and give what is printed.

After a change of an example or of an answer, write the outputs anew:

    COUNTERFOIL_WRITE_EXAMPLES=1 .venv/bin/python -m pytest tests/gateway/test_handbook_examples.py
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from counterfoil.knowledge.examples import load_examples
from gateway.shop import OpenShop

FOLDER = Path(str(files("counterfoil.knowledge").joinpath("example_files")))
# What differs from run to run, and what stands in its place.
SAME = (
    (re.compile(r"\b(req|task|sub)_[0-9a-f]{32}"), r"\1_…"),
    (re.compile(r"http://(?:shop\.test|127\.0\.0\.1:[0-9]+)"), "https://gateway.example"),
    (re.compile(r'"(created|created_at|resets_at)": [0-9]+'), r'"\1": 1796054400'),
)
TEXT_MODEL, VIDEO_MODEL = "gpt-5-mini", "film"
# Which model is asked for, and how much is on the account.
SETTING = {
    "refusal_curl": (TEXT_MODEL, 0),
    "estimate": (TEXT_MODEL, 10),
    "python_openai": (TEXT_MODEL, 10),
    "python_anthropic": (TEXT_MODEL, 10),
    "idempotency_key": (VIDEO_MODEL, 10),
    "video_task": (VIDEO_MODEL, 10),
}


def test_every_example_is_run() -> None:
    assert set(load_examples()) == set(SETTING)


@pytest.mark.parametrize("name", sorted(SETTING))
async def test_an_example_gives_what_its_article_shows(name: str, open_shop: OpenShop) -> None:
    model, units = SETTING[name]
    shop = await open_shop(polls=True)
    customer = await shop.customer(credit_nanos=units * 10**9)
    printed = await run(name, url=shop.address, key=customer.token, model=model)
    place = FOLDER / name / ("output.json" if printed.startswith("{") else "output.txt")
    if os.environ.get("COUNTERFOIL_WRITE_EXAMPLES"):
        place.write_text(printed, encoding="utf-8")
    assert printed == load_examples.__wrapped__()[name].output
    assert customer.token not in printed


async def run(name: str, *, url: str, key: str, model: str) -> str:
    """What the example's file prints, with ids, times and addresses made the same."""
    script = next(path for path in (FOLDER / name).iterdir() if path.stem == "call")
    command = [sys.executable, "-W", "ignore", str(script)] if script.suffix == ".py" else ["sh", str(script)]
    process = await asyncio.create_subprocess_exec(
        *command,
        env={
            "PATH": os.environ["PATH"], "COUNTERFOIL_URL": url, "COUNTERFOIL_KEY": key, "COUNTERFOIL_MODEL": model,
            "PYTHONIOENCODING": "utf-8", "NO_PROXY": "*",
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, err.decode()
    text = out.decode()
    for pattern, same in SAME:
        text = pattern.sub(same, text)
    return text
