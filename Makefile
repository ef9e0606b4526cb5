# The interface of this repository. Each target sets up what it needs; `make help` lists them.
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
KIT := $(BIN)/python -m contractkit
PORT ?= 8080
BROKER_PORT ?= 9292
export PORT BROKER_PORT

.DEFAULT_GOAL := help
.PHONY: help setup contract test generate check stub broker pacts publish-pacts verify-pacts can-i-deploy fuzz bench token lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

contract: setup ## the whole loop: generate, serve, fuzz, pacts, publish, verify, can-i-deploy; a table and a report
	@$(KIT) contract

test: setup ## the whole test suite
	@$(BIN)/python -m pytest -n 2

setup: .venv/ready ## .venv with everything that requirements.lock pins

# Two runs may start at once: the second waits for the lock, and finds the work done.
.venv/ready: requirements.lock contractkit/pyproject.toml broker/pyproject.toml
	@$(PYTHON) -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo 'error: $(PYTHON) must be Python 3.11 or newer with the venv module (Debian: python3-venv)' >&2; exit 2; }
	@mkdir -p .contract
	@$(PYTHON) -c 'import fcntl, os, sys; lock = open(".contract/setup.lock", "w"); fcntl.flock(lock, fcntl.LOCK_EX); os.set_inheritable(lock.fileno(), True); os.execvp("make", ["make", "--no-print-directory", "install"])'

.PHONY: install
install:
	@if [ -f .venv/ready ] && [ -z "$$(find requirements.lock contractkit/pyproject.toml broker/pyproject.toml -newer .venv/ready)" ]; then exit 0; fi; \
	echo 'setting up .venv from requirements.lock' >&2 && \
	$(PYTHON) -m venv .venv && \
	$(BIN)/pip install -qq --no-compile --no-deps --require-hashes -r requirements.lock && \
	$(BIN)/pip install -qq --no-compile --no-deps --no-build-isolation -e contractkit -e broker -e generated_client && \
	touch .venv/ready

generate: setup ## spec -> bundle -> client, provider types
	@$(KIT) generate

check: setup ## format, lint, types, spec lint, drift of generated code
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(KIT) lint
	@$(KIT) generate --check

stub: setup ## the provider on 127.0.0.1:$PORT
	@$(KIT) stub

broker: setup ## the embedded broker on 127.0.0.1:$BROKER_PORT
	@$(BIN)/python -m broker serve

pacts: setup ## the consumers' tests write their contracts
	@$(BIN)/python -m pytest consumer_tests --write-pacts -n 2

publish-pacts: setup ## contracts to the broker (PACT_BROKER_BASE_URL, or the embedded one)
	@$(KIT) publish-pacts

verify-pacts: setup ## the provider against the broker's contracts
	@$(KIT) verify-pacts

can-i-deploy: setup ## may this version be deployed? exit status 1 when not
	@$(KIT) can-i-deploy

fuzz: setup ## schemathesis against the provider; SEED=, EXAMPLES=
	@$(KIT) fuzz $(if $(SEED),--seed $(SEED)) $(if $(EXAMPLES),--examples $(EXAMPLES))

bench: setup ## performance against peers, as ratios of one interleaved run
	@$(KIT) bench

token: setup ## a bearer token for the provider: ADMIN=1 or ACCOUNT=acme
	@$(BIN)/python -m provider_stub token $(if $(ACCOUNT),--account $(ACCOUNT),--admin)

lock: ## pin the newest releases with hashes (needs uv)
	@uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --upgrade --quiet \
	  --custom-compile-command 'make lock' --group dev pyproject.toml contractkit/pyproject.toml broker/pyproject.toml -o requirements.lock

clean: ## remove everything that was made here
	@rm -rf .venv .contract reports .mypy_cache .ruff_cache .pytest_cache
