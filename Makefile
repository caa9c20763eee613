# Everything a person types. `make help` lists it.
PYTHON ?= python3
BIN := .venv/bin
RUNTIME := .venv/.runtime
DEV := .venv/.dev
PEERS := .venv/.peers
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := install

install: $(RUNTIME) ## what `clv` needs, into .venv

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

demo: $(RUNTIME) ## every customer's value from the bundled CDNOW log, with a report to open
	@$(BIN)/clv run cdnow --out demo

test: $(DEV) ## the fast tests
	@OPENBLAS_NUM_THREADS=1 $(BIN)/pytest

slow: $(DEV) ## guarantees that take minutes: ten million rows, kills at many points
	@$(BIN)/pytest -m slow -n 0 --timeout 3600

check: $(DEV) ## style, types, import contracts
	@$(BIN)/ruff check src tests benchmarks docs
	@$(BIN)/ruff format --check src tests benchmarks docs
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(DEV) $(PEERS) ## speed side by side with lifetimes and pymc-marketing; BENCH=--quick for a glance
	@OMP_WAIT_POLICY=passive $(BIN)/python -m benchmarks $(BENCH)

bench-api: $(DEV) ## speed of the service beside a bare route of FastAPI; BENCH=--quick for a glance
	@.ci/wrk
	@OMP_WAIT_POLICY=passive $(BIN)/python -m benchmarks.api $(BENCH)

results: $(DEV) ## how right forecasts are, beside what people would otherwise use; an hour
	@$(BIN)/python -m benchmarks.accuracy

reliability: $(DEV) ## what clients get while parts of the service are killed; docs/reliability.md
	@OMP_WAIT_POLICY=passive $(BIN)/python -m benchmarks.reliability

docs: $(DEV) ## the README's words and picture, dictionaries, settings, figures, tables of docs, anew
	@$(BIN)/clv run cdnow --out demo | $(BIN)/python docs/demo.py
	@$(BIN)/python docs/picture.py demo
	@$(BIN)/python -m docs.dictionary
	@$(BIN)/python -m docs.settings
	@$(BIN)/python -m docs.api demo
	@$(BIN)/python docs/against_lifetimes.py
	@$(BIN)/python -m docs.figures

clean: ## remove .venv and what runs left here
	rm -rf .venv demo .clv

$(RUNTIME): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "clv needs Python 3.11 or newer; try make PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv .venv \
		|| { rm -rf .venv; echo "This Python cannot make environments; on Debian: apt-get install python3-venv"; exit 1; }
	@echo "Installing the packages of requirements.lock into .venv, once ..."
	@$(PIP) install --no-deps --require-hashes --requirement requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): requirements-dev.lock $(RUNTIME)
	@echo "Installing the packages of requirements-dev.lock into .venv, once ..."
	@$(PIP) install --no-deps --require-hashes --requirement requirements-dev.lock
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || .ci/chromium \
		|| echo "No browser could be installed; the tests that look at the report will say so."
	@touch $@

$(PEERS): requirements-peers.lock | $(RUNTIME)
	@test -x .venv/peers/bin/pip || $(PYTHON) -m venv .venv/peers
	@echo "Installing the packages of requirements-peers.lock into .venv/peers, once ..."
	@.venv/peers/bin/python -m pip --disable-pip-version-check --quiet install --no-deps \
		--require-hashes --requirement requirements-peers.lock
	@touch $@

.PHONY: install help demo test slow check bench bench-api results reliability docs clean
