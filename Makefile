# `make` lists the targets. `make demo` and `make test` need nothing but Python 3.11+, GNU make and Terraform.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
OPSCTL := $(BIN)/opsctl
ENV ?=
PACKAGE := $(BIN)/python -I -S ops_cli/packaging --root .

.PHONY: help setup lock build release up down demo test check lint typecheck bootstrap push plan apply destroy bench clean terraform-there browser-there

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(INSTALLED) ## Make the virtual environment with the locked dependencies

# Another interpreter is asked for than the environment was made with: it is made anew.
VERSION := -c 'import sys; print(*sys.version_info[:2])' 2>/dev/null
ifneq ($(PYTHON),)
ifneq ($(shell $(PYTHON) $(VERSION)),$(shell $(BIN)/python $(VERSION)))
.PHONY: $(INSTALLED)
REMADE := yes
endif
endif

# The first interpreter that really runs and is new enough; a version manager's shim may exist and do neither. Who says
# PYTHON=… gets that one or none.
$(INSTALLED): requirements.lock pyproject.toml python/emulator/pyproject.toml
	@if [ -z "$(REMADE)" ] && $(BIN)/python -c 'import pip' 2>/dev/null; then exit 0; fi; \
	python=""; for candidate in $(or $(PYTHON),python3 python3.13 python3.12 python3.11); do \
	  if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python="$$candidate"; break; fi; \
	done; \
	[ -n "$$python" ] || [ -z "$(PYTHON)" ] || { echo "PYTHON=$(PYTHON) is no Python 3.11 or newer that runs here: say PYTHON=/path/to/python3, or leave it out." >&2; exit 1; }; \
	[ -n "$$python" ] || { echo "Python 3.11 or newer is needed and was not found: install it (https://www.python.org/downloads/), or say PYTHON=/path/to/python3." >&2; exit 1; }; \
	"$$python" -c 'import ensurepip, venv' 2>/dev/null || { echo "$$python has no venv module: install it (Debian, Ubuntu: apt install python3-venv)." >&2; exit 1; }; \
	echo "Setting up $(VENV) with $$("$$python" --version) …" >&2; \
	"$$python" -m venv --clear $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable . --editable python/emulator
	@$(BIN)/python -m compileall -q ops_cli python/lib python/emulator
	@touch $@

terraform-there:
	@command -v terraform >/dev/null || { echo "Terraform 1.11 or newer is needed and is not on PATH: https://developer.hashicorp.com/terraform/install" >&2; exit 1; }

# A test opens the report's page in a browser. Debian's packages are asked for one where that is possible.
browser-there:
	@for name in chromium chromium-browser google-chrome; do if command -v $$name >/dev/null; then exit 0; fi; done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "Installing chromium, in which a test opens the report's page …" >&2; \
	  install="timeout 300 env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium"; \
	  if $$install >/dev/null 2>&1 || { apt-get update -qq && $$install; } >/dev/null 2>&1; then exit 0; fi; \
	fi; \
	echo "No chromium, chromium-browser or google-chrome is on PATH: install one (Debian: apt install chromium), or the tests of the report's page in a browser are skipped." >&2

lock: $(INSTALLED) terraform-there ## Resolve the dependencies anew: requirements.lock, every function's lock, Terraform's provider
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-package emulated-aws --no-header --no-annotate \
	  --extra dev --extra sandbox pyproject.toml --output-file requirements.lock
	@$(PACKAGE) --lock
	@$(BIN)/python -m ops_cli.deploy.provider_lock

build: $(INSTALLED) ## Zip every Lambda function for the sandbox; `opsctl deploy` zips them for Lambda
	@$(PACKAGE)

release: $(INSTALLED) ## Zip every Lambda function for use by another repository: build/release/
	@$(PACKAGE) --release

up: $(INSTALLED) terraform-there ## Start the sandbox: the whole platform on this machine
	@$(OPSCTL) --env sandbox sandbox up

down: $(INSTALLED) ## Stop the sandbox; its state is kept
	@$(OPSCTL) --env sandbox sandbox down

demo: $(INSTALLED) terraform-there ## Start the sandbox and play the story: reports, a poison request, a replay
	@$(BIN)/python -m ops_cli.sandbox.demo

test: $(INSTALLED) terraform-there browser-there lint typecheck ## Run every check: lint, types, unit, contract, module and end-to-end tests
	@$(BIN)/python -m pytest -n 2 --no-loadscope-reorder

check: $(INSTALLED) lint typecheck ## Check style, types and the unit tests of what changed, in under 90 seconds
	@$(BIN)/python -m pytest -q -n 2 --no-loadscope-reorder $$($(BIN)/python -m tests.selection)

lint: $(INSTALLED) ## Check style and formatting
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .

typecheck: $(INSTALLED) ## Check the types
	@$(BIN)/mypy --no-error-summary

bootstrap: $(INSTALLED) terraform-there ## Make the state and artifacts buckets of an account once (ENV=name)
	@$(OPSCTL) $(if $(ENV),--env $(ENV)) deploy bootstrap

push: $(INSTALLED) terraform-there ## Build and upload the zips, and write what plain `terraform` needs (ENV=name)
	@$(OPSCTL) $(if $(ENV),--env $(ENV)) deploy push

plan: $(INSTALLED) terraform-there ## Show what Terraform would change (ENV=name)
	@$(OPSCTL) $(if $(ENV),--env $(ENV)) deploy plan

apply: $(INSTALLED) terraform-there ## Build, upload and apply (ENV=name)
	@$(OPSCTL) $(if $(ENV),--env $(ENV)) deploy apply

destroy: $(INSTALLED) terraform-there ## Destroy the platform (ENV=name)
	@$(OPSCTL) $(if $(ENV),--env $(ENV)) deploy destroy

bench: $(INSTALLED) ## Measure speed against peers and floors: build/bench.json and a table
	@$(BIN)/python -m tests.bench

clean: ## Remove what was built; a running sandbox is stopped first
	@[ ! -x $(OPSCTL) ] || [ ! -d .sandbox ] || $(OPSCTL) --env sandbox sandbox down || true
	@rm -rf build .sandbox .pytest_cache .mypy_cache .ruff_cache .hypothesis $(VENV)
