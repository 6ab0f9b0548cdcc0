PORT ?= 8080

.PHONY: help run install test check bench format
.DEFAULT_GOAL := help

help:     ## Name these targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile

run: install  ## Serve the demo on http://127.0.0.1:$(PORT)
	@exec .venv/bin/scopewright demo --port $(PORT)

install:  ## Make .venv with the server in it
	@scripts/install server

test:     ## Install what the tests need, then run all of them; ARGS go to pytest
	@scripts/test $(ARGS)

check: install-dev  ## Format, lint, types, import contracts
	@scripts/check

bench: install-dev  ## Measure, write the table, fail below a floor; ARGS go to the suite
	@.venv/bin/python -m bench $(ARGS)

format: install-dev  ## Rewrite the files the way `check` wants them
	@.venv/bin/ruff format --quiet . && .venv/bin/ruff check --fix --quiet .

.PHONY: install-dev
install-dev:
	@scripts/install dev
