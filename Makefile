# The front door. `make run` and `make test` set up everything they need from Python alone.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUNTIME_STAMP := $(VENV)/.runtime-installed
DEV_STAMP := $(VENV)/.dev-installed
WORKERS ?= auto

.PHONY: setup run test check bench screenshots format requirements clean

setup: $(RUNTIME_STAMP)

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(RUNTIME_STAMP): requirements/runtime.txt pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements/runtime.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements/build.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV_STAMP): requirements/dev.txt requirements/spark.txt $(RUNTIME_STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements/dev.txt
	@# PySpark comes as source only, and is of use only beside a Java runtime.
	if command -v java >/dev/null; then \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-build-isolation -r requirements/spark.txt; fi
	@touch $@

run: setup
	$(BIN)/counterfoil demo

test: $(DEV_STAMP)
	$(BIN)/python -m pytest -n $(WORKERS) -q

check: $(DEV_STAMP)
	$(BIN)/ruff check src tests
	$(BIN)/ruff format --check src tests
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/counterfoil knowledge check

bench: setup
	$(BIN)/counterfoil bench ledger
	$(BIN)/counterfoil bench gateway
	$(BIN)/counterfoil bench redaction
	$(BIN)/counterfoil bench search
	$(BIN)/counterfoil bench reconcile --rows 1000000
	$(BIN)/counterfoil bench breaks --every 5

# Every page of the console as a picture, of a demo of its own; needs Chromium.
screenshots: $(DEV_STAMP)
	$(BIN)/python frontend/screenshots.py

format: $(DEV_STAMP)
	$(BIN)/ruff check --fix src tests
	$(BIN)/ruff format src tests

# Needs uv; run after changing the dependencies in pyproject.toml.
requirements:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header --only-binary :all: --upgrade pyproject.toml -o requirements/runtime.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header --only-binary :all: --upgrade -c requirements/runtime.txt requirements/build.in -o requirements/build.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header --only-binary :all: --upgrade -c requirements/runtime.txt -c requirements/build.txt --group dev -o requirements/dev.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header --upgrade -c requirements/runtime.txt requirements/spark.in -o requirements/spark.txt

clean:
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
