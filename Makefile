# One command each; every command does its own set-up. `make help` lists them.
# Containers often forbid Python to keep what it compiled. Each of the many processes that the tests start would then
# compile every library again: 6 s of CPU for the server in place of 3.
export PYTHONDONTWRITEBYTECODE :=
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WEB := api/web
# Each worker starts servers of its own when a test asks for them; a file's tests stay together, as they share a site.
WORKERS ?= 2
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --durations=30 --durations-min=3
# A Node of at least this major version is used where the machine has one; else a wheel brings it.
NODE_MAJOR := 20

.PHONY: help check-python media demo serve wheel test test-slow test-training lint format bench mutants web lock clean system sbom audit

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

check-python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "anxun needs Python 3.11 or newer as '$(PYTHON)'. On Debian or Ubuntu: sudo apt-get install python3 python3-venv"; \
	  echo "Another interpreter: make PYTHON=/path/to/python3.12 ..."; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "Python's venv module is missing. On Debian or Ubuntu: sudo apt-get install python3-venv"; exit 1; }

$(BIN)/uv: requirements/uv.txt | check-python
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

# `sync` would remove the tool that syncs, so requirements are added instead.
$(VENV)/.run: requirements/run.txt pyproject.toml $(BIN)/uv
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r requirements/run.txt
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r requirements/dev.txt
	@touch $@

$(VENV)/.node: requirements/node.txt $(BIN)/uv
	@if command -v npm >/dev/null && node -e 'process.exit(+process.versions.node.split(".")[0] < $(NODE_MAJOR))' 2>/dev/null; then \
	  echo "Node $$(node --version) of this machine builds the app"; \
	else echo "Node comes from a registry wheel"; VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r requirements/node.txt; fi
	@touch $@

$(WEB)/node_modules/.installed: $(WEB)/package.json $(WEB)/package-lock.json $(VENV)/.node
	cd $(WEB) && PATH="$$PATH:$(abspath $(BIN))" npm ci --no-audit --no-fund --loglevel=error
	@touch $@

WEB_SOURCES := $(shell find $(WEB)/src $(WEB)/public $(WEB)/index.html $(WEB)/vite.config.ts $(WEB)/service-worker.ts -type f 2>/dev/null)
$(WEB)/dist/index.html: $(WEB_SOURCES) $(WEB)/openapi.json $(WEB)/node_modules/.installed
	cd $(WEB) && PATH="$$PATH:$(abspath $(BIN))" npm run --silent build
	@touch $@

web: $(WEB)/dist/index.html ## build the app into api/web/dist

MEDIA := var/media
$(MEDIA)/media.json: datasets/media.py requirements/media.txt $(BIN)/uv
	$(BIN)/python datasets/media.py $(MEDIA)

media: $(MEDIA)/media.json ## unpack the real photos and clips that wheels ship into var/media

demo: $(VENV)/.run $(WEB)/dist/index.html $(MEDIA)/media.json ## set up, run the main job on real photos and a real clip, keep serving (ONCE=1 ends instead)
	$(BIN)/anxun demo $(if $(ONCE),--once)

serve: $(VENV)/.run $(WEB)/dist/index.html ## serve on SQLite and a folder under var/
	$(BIN)/anxun serve

wheel: $(VENV)/.run $(WEB)/dist/index.html ## build the wheel that servers, boxes and verifiers install into dist/
	VIRTUAL_ENV=$(VENV) $(BIN)/uv build --quiet --wheel --no-build-isolation --python $(BIN)/python --out-dir dist
	@ls dist/*.whl

system: ## install what the tests need from the system's packages, where that is allowed
	.ci/system-packages

test: $(VENV)/.dev $(WEB)/dist/index.html $(MEDIA)/media.json system lint ## every test but the slow acceptance tests, with coverage
	$(PYTEST) --cov --cov-report=term --cov-fail-under=90
	$(BIN)/python -m coverage report --include='ledger/*' --fail-under=100
	cd $(WEB) && PATH="$$PATH:$(abspath $(BIN))" npm run --silent test

test-slow: $(VENV)/.dev $(WEB)/dist/index.html $(MEDIA)/media.json system ## acceptance tests of minutes: SIGKILL, 1,000 photos, fresh clone
	$(BIN)/python -m pytest -m slow

TRAIN := .venv-train
# torch first: with it there, nothing asks for the newest one and its gigabytes of CUDA packages. By version and not by
# hash, because a machine may have its builds for CPUs alone from elsewhere, which are other files of the same version.
$(TRAIN)/.ready: requirements/train.in requirements/dev.txt $(VENV)/.dev
	$(PYTHON) -m venv $(TRAIN)
	$(TRAIN)/bin/python -m pip install --quiet --disable-pip-version-check torch==2.13.0 || { \
	  echo "PyTorch 2.13.0 could not be installed for $$($(PYTHON) --version); the training tests need it"; exit 1; }
	$(TRAIN)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps ultralytics==8.4.190 ultralytics-thop==2.2.3 torchvision==0.28.0
	VIRTUAL_ENV=$(TRAIN) $(BIN)/uv pip install --quiet --require-hashes -r requirements/dev.txt
	VIRTUAL_ENV=$(TRAIN) $(BIN)/uv pip install --quiet matplotlib polars psutil pyyaml requests scipy onnxslim
	VIRTUAL_ENV=$(TRAIN) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

test-training: $(TRAIN)/.ready ## train, resume, export and evaluate on a tiny pool, in an environment with PyTorch (installs it)
	$(TRAIN)/bin/python -m pytest -m "training or not benchmark and not slow and not training" tests/unit/models/training tests/acceptance/test_training.py

lint: $(VENV)/.dev $(WEB)/node_modules/.installed ## ruff, mypy --strict, import-linter, scopes, vue-tsc
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.scope_lint
	cd $(WEB) && PATH="$$PATH:$(abspath $(BIN))" npm run --silent typecheck

format: $(VENV)/.dev ## let ruff rewrite what it can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# ultralytics, which detection is measured beside, lives where the training tests' PyTorch is. Without either:
# `.venv/bin/python tests/benchmarks/bench.py` leaves that part out and says so.
bench: $(TRAIN)/.ready $(MEDIA)/media.json ## speed as ratios, in one run
	$(TRAIN)/bin/python tests/benchmarks/bench.py

# What was tried stays in mutants/; a second call goes on where the first one ended, `rm -r mutants` begins anew.
mutants: $(VENV)/.dev ## change one thing at a time in what everybody trusts: does a test notice? (docs/mutants.md)
	$(BIN)/mutmut run --max-children $(WORKERS)
	$(BIN)/python tests/mutants.py

# The versions of these two are held here: they are run apart from everything else, and are part of nothing that ships.
SBOM := dist/sbom
sbom: $(BIN)/uv $(VENV)/.node ## list every component that ships, from the lock files, as CycloneDX in dist/sbom
	@mkdir -p $(SBOM)
	$(BIN)/uv tool run --quiet --from cyclonedx-bom==7.1.0 cyclonedx-py requirements requirements/run.txt --pyproject pyproject.toml --of JSON --output-reproducible -o $(SBOM)/python.cdx.json
	cd $(WEB) && PATH="$$PATH:$(abspath $(BIN))" npm sbom --sbom-format cyclonedx --package-lock-only > $(abspath $(SBOM))/app.cdx.json
	@echo "$(SBOM)/python.cdx.json and $(SBOM)/app.cdx.json"

audit: $(BIN)/uv $(VENV)/.node ## ask the registries for known weaknesses of what is locked (needs their advisories: a mirror may have none)
	$(BIN)/uv tool run --quiet --from pip-audit==2.10.0 pip-audit --strict --disable-pip --require-hashes -r requirements/run.txt
	cd $(WEB) && PATH="$$PATH:$(abspath $(BIN))" npm audit --package-lock-only --audit-level=high

lock: $(BIN)/uv ## lock every requirement file again
	PATH="$(abspath $(BIN)):$$PATH" requirements/lock.sh

clean: ## remove what the commands made (not var/, where the data is)
	rm -rf $(VENV) $(TRAIN) $(WEB)/node_modules $(WEB)/dist dist .mypy_cache .ruff_cache .pytest_cache .hypothesis mutants .coverage*
