# Every path below is relative: make cannot name a target with a space in it, but the repository may lie in one.

.DEFAULT_GOAL := help
.PHONY: help setup serve test journeys soak check bench conformance explorer clients generate fuzz oracle rolling lock docs pictures clean
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory
# Python keeps what it compiled: the suite starts many processes, each of which would compile the same files anew.
unexport PYTHONDONTWRITEBYTECODE
SHELL := /bin/sh

PORT ?= 8000
DESK_PORT ?= 8100
RUNS ?= 10
SECONDS ?= 1800
SEED ?= 1
PART ?= 1
BIN := .venv/bin
UV_COMPILE = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

# What the environment was made from and where: it cannot be copied, its programs name their own path.
WANTED = { pwd -P && cksum requirements/development.txt pyproject.toml; }

# Leaves in $python the newest Python of 3.11 or later that runs (the shims of pyenv may exist and fail).
FIND_PYTHON = \
	python=; bare=; \
	for name in "$${PYTHON:-}" python3.13 python3.12 python3.11 python3; do \
		if [ -z "$$name" ]; then continue; fi; \
		"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 </dev/null || continue; \
		if "$$name" -c 'import ensurepip, venv' >/dev/null 2>&1; then python=$$name; break; fi; \
		bare=$${bare:-$$name}; \
	done; \
	if [ -z "$$python" ] && [ -n "$$bare" ]; then \
		echo "$$("$$bare" --version) ($$bare) has no venv and ensurepip: install them (Debian and Ubuntu: apt-get install python3-venv), or name another with PYTHON=." >&2; exit 1; \
	elif [ -z "$$python" ]; then \
		echo "No Python 3.11 or later runs here: install one, or name it with PYTHON=/path/to/python3." >&2; exit 1; \
	fi

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

setup: ## Make .venv with all that the project needs, as locked in requirements/
	@wanted=$$($(WANTED)); \
	if [ -x $(BIN)/python ] && [ "$$(cat .venv/made-from 2>/dev/null)" = "$$wanted" ] && $(BIN)/python -c '' 2>/dev/null; then exit 0; fi; \
	mkdir -p var && exec 9>var/setup.lock && if command -v flock >/dev/null; then flock 9; fi; \
	if [ "$$(cat .venv/made-from 2>/dev/null)" = "$$wanted" ] && $(BIN)/python -c '' 2>/dev/null; then exit 0; fi; \
	export PIP_USER=0 PIP_NO_INPUT=1 PIP_DISABLE_PIP_VERSION_CHECK=1; unset PYTHONHOME PYTHONPATH; \
	if ! { grep -qF "$$(pwd -P)/.venv" $(BIN)/activate && $(BIN)/python -m pip --version; } >/dev/null 2>&1; then \
		$(FIND_PYTHON); \
		echo "Making .venv with $$("$$python" --version) (once, a minute or so) ..."; \
		rm -rf .venv && "$$python" -m venv .venv || exit 1; \
	else \
		echo "Bringing .venv in step with requirements/development.txt ..."; \
		rm -f .venv/made-from; \
	fi; \
	$(BIN)/python -m pip install --quiet --quiet --require-hashes -r requirements/development.txt && \
	$(BIN)/python -m pip install --quiet --quiet --no-deps --no-build-isolation -e . && \
	printf '%s\n' "$$wanted" > .venv/made-from

serve: setup ## Serve http://127.0.0.1:8000 and the desk on :8100 with demo people (PORT=8001 DESK_PORT=8101 for others)
	@[ -d explorer/node_modules ] || ! command -v npm >/dev/null || $(MAKE) explorer || true
	@export PRIVACY_TOKEN_RATES="$${PRIVACY_TOKEN_RATES-SUPPORT=0,BILLING=0,PRIVACY=0}"; exec $(BIN)/privacy serve --demo --port "$(PORT)" --desk-port "$(DESK_PORT)"

test: setup ## Run the suite on a PostgreSQL of its own (ARGS="-k consent" for a part)
	@echo "Running the tests ..."
	@exec $(BIN)/python -m pytest $(ARGS)

journeys: setup ## Run tests/long_runs.py (kills, upgrades, replicas, browsers) and more generated examples (ARGS= as for test)
	@echo "Running the long runs ..."
	@export HYPOTHESIS_PROFILE=long; exec $(BIN)/python -m pytest -m "not fuzz and (long or hypothesis)" $(ARGS)

soak: setup ## Run the suite 10 times while every core is busy, up to the first failure (RUNS=2, ARGS= as for test)
	@exec bash tests/busy.sh "$(RUNS)" $(ARGS)

check: setup ## Format, lint, types, import layers, schema.graphql and migrations in step
	@echo "Checking the format ..." && $(BIN)/python -m ruff format --quiet --check .
	@echo "Linting ..." && $(BIN)/python -m ruff check --quiet .
	@echo "Checking the types ..." && $(BIN)/python -m mypy
	@echo "Checking the import layers ..." && $(BIN)/lint-imports
	@echo "Comparing schema.graphql with the code ..." && $(BIN)/privacy schema --check
	@echo "Comparing the migrations with the tables ..." && $(BIN)/privacy migrations --check

bench: setup ## Run the benchmarks, peers side by side
	@echo "Running the benchmarks ..." && $(BIN)/python -m benchmarks $(ARGS) && $(BIN)/python -m tests.documents

conformance: setup ## Audit the HTTP endpoint with the graphql-http package (needs Node.js)
	@command -v npm >/dev/null || { echo "npm is not installed: the audits are a Node.js package." >&2; exit 1; }
	@echo "Auditing against the GraphQL-over-HTTP specification ..."
	@npm --prefix tests/conformance install --silent --no-audit --no-fund
	@exec $(BIN)/python -m tests.conformance

clients: setup ## Run the typed clients and callers' tools against a service (NAMES="python-tests" for a part; Node.js for most)
	@echo "Comparing the clients with schema.graphql ..." && $(BIN)/python -m clients.generator --check
	@echo "Running the clients ..." && exec $(BIN)/python -m tests.clients $(NAMES)

generate: setup ## Write the generated files of the clients anew from schema.graphql (Node.js for TypeScript)
	@$(BIN)/python -m clients.generator
	@if cd clients/typescript && npm install --silent --no-audit --no-fund 2>/dev/null; then npm run --silent generate >/dev/null; \
	else echo "graphql-codegen cannot be installed with npm: the TypeScript client stays as it is." >&2; fi

explorer: ## Fetch GraphiQL, which a browser finds at / of `make serve` (needs Node.js)
	@command -v npm >/dev/null || { echo "npm is not installed: GraphiQL is a Node.js package." >&2; exit 1; }
	@echo "Fetching GraphiQL for the explorer (once) ..."
	@npm --prefix explorer ci --silent --no-audit --no-fund

fuzz: setup ## Run the tests marked fuzz, which look for long (SECONDS=1800 of HTTP, SEED=1, ARGS= as for test)
	@echo "Fuzzing ..." && exec $(BIN)/python -m pytest -m fuzz -rP --fuzz-seconds "$(SECONDS)" --fuzz-seed "$(SEED)" $(ARGS)

oracle: setup ## Compare over 8,000 operations of each kind with graphql-core's executor, in parts of 500 (PART=7 goes on there)
	@echo "Comparing generated operations ..." && export HYPOTHESIS_PROFILE=thorough; \
	exec $(BIN)/python -m pytest -vv -n 2 --dist load -m hypothesis --first-part "$(PART)" $(ARGS) tests/api/graphql/execution

rolling: setup ## Replace two API processes behind HAProxy under load, from two older versions (needs HAProxy)
	@echo "Replacing processes ..." && exec $(BIN)/python -m pytest -n 0 -m fuzz -rP tests/journeys/test_rolling.py

lock: ## Choose the newest releases that pyproject.toml allows and lock them with hashes (needs uv)
	@command -v uv >/dev/null || { echo "uv is not installed: pip install uv." >&2; exit 1; }
	@echo "Locking requirements/ ..."
	@$(UV_COMPILE) --upgrade --extra embedded --extra otel --group dev --output-file requirements/development.txt pyproject.toml
	@$(UV_COMPILE) --upgrade --constraint requirements/development.txt --output-file requirements/production.txt pyproject.toml
	@$(UV_COMPILE) --upgrade --output-file tests/clients/python/requirements.txt tests/clients/python/requirements.in

docs: generate ## Write the tables of docs/ and the clients anew from the code
	@exec $(BIN)/python -m tests.documents

pictures: setup ## Take the pictures of docs/guides/desk.md anew (needs Chromium, and `make serve` beside it)
	@exec $(BIN)/python -m tests.desk.pictures

clean: ## Stop the databases in var/, then remove var/ and .venv: demo people and tokens go too
	@if [ -d var ]; then \
		python=$(BIN)/python; $$python -c '' 2>/dev/null || { $(FIND_PYTHON); }; \
		"$$python" -W ignore -c 'import pathlib; from cli.embedded import Cluster; [Cluster(lock.parent).remove() for lock in list(pathlib.Path("var").rglob("turn.lock"))]' \
			2>&1 | tail -n 1 | grep . >&2 && exit 1; \
	fi; \
	echo "Removing var/ and .venv ..." && rm -rf var .venv && \
	rm -rf clients/typescript/node_modules clients/typescript/build clients/typescript/dist tests/clients/javascript/node_modules
