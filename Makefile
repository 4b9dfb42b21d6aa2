# HydroNum. `make demo` shows the flood of July 2021, `make test` runs the tests; both install what they need.

PYTHON ?= $(firstword $(foreach p,python3.14 python3.13 python3.12 python3.11 python3,$(shell command -v $(p) >/dev/null 2>&1 && $(p) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(p))))
VENV := .venv
BIN := $(VENV)/bin
DATA_DIR ?= var
PORT ?= 8000

# npm of this machine when its Node is new enough, else the one that the wheel brings.
NODE_IS_NEW := $(shell node -e 'process.exit(+process.versions.node.split(".")[0] >= 20 ? 0 : 1)' >/dev/null 2>&1 && npm --version >/dev/null 2>&1 && echo yes)
ifeq ($(NODE_IS_NEW),yes)
NPM := npm
else
NPM := $(CURDIR)/$(BIN)/python $(CURDIR)/web/npm.py
endif

.PHONY: install demo test check bench soak lock format clean help

help: ## list the commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

install: $(VENV)/.installed web/dist/index.html ## make .venv/bin/hydronum, the test tools and the web page

$(VENV)/.installed: requirements-dev.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "HydroNum needs Python 3.11 or newer; none was found on PATH."; exit 1; }
	@echo "Installing into $(VENV) with $(PYTHON) (two minutes on a slow network)"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

web/node_modules/.installed: web/package-lock.json $(VENV)/.installed
	cd web && $(NPM) ci --no-audit --no-fund --loglevel=error
	@touch $@

web/dist/index.html: web/node_modules/.installed $(shell find web/src web/public web/index.html web/vite.config.ts web/tsconfig.json -type f 2>/dev/null)
	cd web && $(NPM) run build --silent

demo: install ## play July 2021 through the whole system on http://127.0.0.1:8000
	$(BIN)/hydronum demo --data-dir $(DATA_DIR) --port $(PORT)

test: install ## run every test that this machine allows, listing what it skipped
	cd web && $(NPM) test --silent
	$(BIN)/python -m pytest -n 2 --dist loadgroup -rs

check: install ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd web && $(NPM) run typecheck --silent

bench: install ## print the benchmark table
	$(BIN)/python -m benchmarks

soak: install ## long checks
	$(BIN)/python -m pytest -q tests -m soak --timeout 7200

lock: ## renew the lock files from pyproject.toml
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet -o requirements.lock pyproject.toml
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet --group dev -c requirements.lock -o requirements-dev.lock pyproject.toml

format: ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## remove what was built and the demo's data
	rm -rf $(VENV) web/dist web/node_modules var
