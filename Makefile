# make demo: a full study on made-up museums.  make test: every check.  Both make .venv first.
SHELL := /bin/bash
PYTHON ?= python3
BIN := $(CURDIR)/.venv/bin
export PATH := $(BIN):$(PATH)
export TF_CPP_MIN_LOG_LEVEL := 2
CORES ?= 2

.PHONY: demo test lint lock clean
.DEFAULT_GOAL := help

help:  ## this list
	@grep -E '^[a-z.][a-z.-]*:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/'

.venv: .venv/.made  ## the environment, from the lock with its hashes
.venv/.made: requirements.lock
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	touch $@

test: .venv/.made lint  ## lint, then every test
	$(BIN)/python -m pytest

lint: .venv/.made  ## ruff, snakefmt and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lock:  ## resolve the lock anew from pyproject.toml (needs uv and a network)
	uv pip compile pyproject.toml --group dev --universal --generate-hashes --quiet -o requirements.lock
