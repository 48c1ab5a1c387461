# The front door. `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

CARGO ?= cargo
VENV := .venv
PY := $(VENV)/bin/python
WINGBEAT := target/debug/wingbeat
DENY := .cache/cargo-deny/bin/cargo-deny
CONSOLE := console/dist/.built
CONSOLE_SOURCES := $(shell find console/src console/public console/scripts proto -type f -not -path 'console/src/gen/*') \
	console/index.html console/vite.config.ts console/tsconfig.json console/buf.gen.yaml
# Used by `make demo`: KEEP=1 leaves the platform running.
KEEP ?=
# Used by `make sim`: how many seeds the simulations walk through; SEED=17 replays one.
SEEDS ?= 2000
SEED ?=
# Used by `make chaos`: how long things are killed; SEED=17 makes the same choices again.
SECONDS_ ?= 300
# Used by `make bench`: names of benchmarks; empty means all.
BENCH ?=

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: build $(VENV)/.demo ## run examples/digits on a temporary platform (KEEP=1 leaves it running)
	@KEEP=$(KEEP) scripts/demo.sh $(WINGBEAT) $(PY)

.PHONY: up
up: build ## start the platform on 127.0.0.1:8080, data in ~/.wingbeat
	@$(WINGBEAT) up

.PHONY: build
build: console-if-node ## build the binary target/debug/wingbeat
	@# With the examples, so that features are those of the tests and nothing is compiled twice.
	@$(CARGO) build --workspace --bins --examples

.PHONY: console
console: $(CONSOLE) ## build the web console, which the binary then contains (needs Node 20.19 or newer)

# The binary builds without node; then it says at /v2 that the console is absent.
.PHONY: console-if-node
console-if-node:
	@if command -v npm >/dev/null; then $(MAKE) console; else echo "no npm here: the binary is built without the web console"; fi

# The stamp says of which sources the built files are.
$(CONSOLE): $(CONSOLE_SOURCES) console/node_modules/.installed
	@cd console && npm run --silent build
	@touch $@

console/node_modules/.installed: console/package.json console/package-lock.json
	@cd console && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: test
test: ## everything that must be green: format, tidy, clippy, Rust tests, the stock client, the console
	@scripts/test.sh

.PHONY: lint
lint: ## cargo fmt --check, cargo xtask tidy, clippy with warnings denied
	@scripts/test.sh fmt tidy clippy

.PHONY: fmt
fmt: ## format the Rust code
	@$(CARGO) fmt --all

.PHONY: tidy
tidy: ## the repository's own rules: arrows, sizes, module docs, paths
	@$(CARGO) xtask tidy

.PHONY: deny
deny: $(DENY) ## licences, banned crates and sources of the dependencies
	@$(DENY) --all-features check licenses bans sources

.PHONY: bench
bench: ## measure a release build (BENCH="startup latency control-plane")
	@$(CARGO) xtask bench $(BENCH)

.PHONY: peers
peers: ## measure Restate, DBOS and Prefect beside a release build, on the same chain and fan-out (installs them below .cache)
	@$(CARGO) build --release --workspace --bins
	@bench/peers/run.sh

.PHONY: sim
sim: ## the whole platform and the engine in seeded storms of faults (SEEDS=2000, or SEED=17 to replay one)
	@SEEDS=$(SEEDS) $(if $(SEED),SEED=$(SEED)) $(CARGO) test --workspace --test storm --test simulation -- --nocapture --skip defect

.PHONY: chaos
chaos: build $(VENV)/.test ## kill -9 the real server, executor, tasks and PostgreSQL under load (SECONDS_=300, SEED=17)
	@$(PY) tests/chaos/chaos.py --seconds $(SECONDS_) $(if $(SEED),--seed $(SEED))

.PHONY: clean
clean: ## remove build output, the virtual environment and caches
	@rm -rf target $(VENV) .cache .pytest_cache console/node_modules console/src/gen console/dist/* console/dist/.built

# The environments share one folder; each stamp says that its requirements are in.
$(VENV)/bin/python:
	@scripts/venv.sh $(VENV)

$(VENV)/.demo: examples/digits/requirements.txt | $(VENV)/bin/python
	@$(PY) -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

$(VENV)/.test: tests/requirements.txt | $(VENV)/bin/python
	@$(PY) -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

$(DENY):
	@$(CARGO) install --quiet --locked --no-default-features --root .cache/cargo-deny cargo-deny@0.20.2
