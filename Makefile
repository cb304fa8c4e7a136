# Closed Loop: everything starts here. `make help` lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
# Tests that share something dear stay together in one process; see tests/conftest.py.
PYTEST := $(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist loadscope
LOCK := $(UV) pip compile --universal --generate-hashes --no-header --no-annotate --quiet
LAMBDA_GROUPS := batch control evaluate fit inference tables
# One line per step, with the seconds since make began.
STARTED := $(shell date +%s)
say = @printf '%4ds  %s\n' $$(( $$(date +%s) - $(STARTED) )) '$(1)'

export CDK_DISABLE_CLI_TELEMETRY := true
export UV_NO_PROGRESS := 1
export UV_LINK_MODE := copy

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup up down clean test check lint types imports prove nightly unit format lock bench-validation bench-serving bench-batch bench-training

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | awk -F'\t' '{printf "  make %-16s %s\n", $$1, $$2}'

up: setup ## build, start the local cloud, deploy, train a first model and ask it for a prediction
	@$(BIN)/loop up

down: setup ## stop the local cloud and keep its data
	@$(BIN)/loop down

clean: ## stop the local cloud and remove its data, the built packages and the virtual environment
	@if [ -x $(BIN)/loop ]; then $(BIN)/loop down --quiet; fi
	rm -rf .loop cdk.out node_modules $(VENV)

test: setup ## run every test, on a local cloud of its own
	$(call say,tests)
	@$(PYTEST)

check: lint types imports unit ## lint, types, import rules and the quick tests

lint: setup ## ruff: rules and format
	$(call say,lint)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: setup ## mypy, strict
	$(call say,types)
	@$(BIN)/mypy
	@$(BIN)/python -m curriculum.author.strict

imports: setup ## the arrows between the folders
	$(call say,import rules)
	@$(BIN)/lint-imports

prove: setup ## every exercise: looked over, and proven three ways with 20 seeds
	$(call say,exercises)
	@$(BIN)/loop author check --all
	@$(BIN)/loop author prove --all

nightly: prove ## the whole course: every exercise proven, and walked on a local cloud by a scripted learner
	$(call say,a walk through the whole course)
	@LOOP_WALK=all $(BIN)/pytest tests/e2e/test_learner_walk.py

unit: setup ## the quick tests: no local cloud, no package builds
	$(call say,quick tests)
	@$(PYTEST) -m 'not cloud and not build'

bench-validation: setup ## how long validation takes, in units of reading the same file
	@$(BIN)/python -m tests.bench.validation

# In parts: make bench-training ROWS="10000" DATA="wine none" BUDGETS="tiny standard"
bench-training: setup ## quality, time, memory and overhead of training; writes docs/benchmarks.md
	@$(BIN)/python -m tests.bench.training $(if $(ROWS),--rows $(ROWS)) $(if $(DATA),--data $(DATA)) $(if $(BUDGETS),--budgets $(BUDGETS))

PARTS :=
bench-batch: setup ## whole files scored, beside scikit-learn on pandas; ROWS=100000 for fewer rows
	@$(BIN)/python -m tests.bench.batch $(ROWS)

bench-serving: setup ## how fast the endpoint is, beside other servers; PARTS="handler start" for some of it
	@$(BIN)/python -m tests.bench.serving $(PARTS)

format: setup ## let ruff mend what it can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock: $(VENV)/.uv ## resolve the lock files again from pyproject.toml
	@$(LOCK) --upgrade pyproject.toml --group dev -o locks/project.txt
	@for group in $(LAMBDA_GROUPS); do $(LOCK) --group lambda-$$group -c locks/project.txt -o locks/lambda-$$group.txt; done
	@$(LOCK) --group local-cloud -o locks/local-cloud.txt
	@$(LOCK) --group clients -o locks/clients.txt
	@$(LOCK) --group sagemaker -o locks/sagemaker.txt
	@$(LOCK) --python-version 3.13 --group localstack -o locks/localstack.txt

setup: $(VENV)/.node ## prepare the virtual environment, Node and the CDK command line

$(VENV)/.uv: locks/uv.txt
	$(call say,virtual environment with $(PYTHON))
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "Python 3.11, 3.12 or 3.13 is needed, and $(PYTHON) is not one. Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || \
	  { echo "$(PYTHON) has no venv module. On Debian and Ubuntu: sudo apt install python3-venv. Then run make again."; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r locks/uv.txt
	@touch $@

$(VENV)/.python: $(VENV)/.uv locks/project.txt pyproject.toml
	$(call say,Python packages from locks/project.txt)
	@VIRTUAL_ENV=$(VENV) $(UV) pip sync --quiet --require-hashes locks/project.txt
	@VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --offline --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.node: $(VENV)/.python package-lock.json package.json
	$(call say,CDK command line from package-lock.json)
	@PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --silent
	@touch $@
