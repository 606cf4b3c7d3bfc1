# What people do here. `make` alone lists it.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
TOOLS := $(CURDIR)/target/tools
export PATH := $(TOOLS)/bin:$(PATH)
export TOOLS
SANDBOX := --features whatisup/sandbox,app/sandbox
# The session of a person, if there is one: without it the demo runs headless.
DISPLAYED := $(or $(DISPLAY),$(WAYLAND_DISPLAY))

.PHONY: help matrix chaos demo app headless ui test check programs browser unit production bench simulate scaling package openapi clean-demo fuzz sbom audit

help: ## list the verbs
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

demo: ## build and open the application with a loopback WhatsApp inside; no phone needed
	scripts/setup build
	$(MAKE) --no-print-directory ui
	@# The commands of the README's curl lines.
	cargo build -p app --features sandbox --bin whatisupd
ifneq ($(DISPLAYED),)
	cargo run -p whatisup --features sandbox -- $(ARGS)
else
	cargo run -p app --features sandbox --bin whatisupd -- run $(ARGS)
endif

app: ## build and run the production application, which talks to the real WhatsApp
	scripts/setup build
	$(MAKE) --no-print-directory ui
	cargo run --release -p whatisup -- $(ARGS)

headless: ## the same without a desktop
	scripts/setup build
	$(MAKE) --no-print-directory ui
	cargo run --release -p app --bin whatisupd -- run $(ARGS)

ui: ui/dist/index.html ## build the dashboard

ui/node_modules/.package-lock.json: ui/package-lock.json
	cd ui && npm ci --no-audit --no-fund

ui/dist/index.html: ui/node_modules/.package-lock.json $(shell find ui/src ui/public ui/index.html ui/vite.config.ts icons -type f 2>/dev/null)
	cd ui && npm run build
	@touch $@

# What the tests make up that must stay where it belongs, and all that they see meanwhile.
test: export LEAKS := $(CURDIR)/target/tmp/leaks
test: ## everything that CI runs, set-up included
	rm -rf "$$LEAKS"
	scripts/setup test
	$(MAKE) --no-print-directory check
	$(MAKE) --no-print-directory production
	$(MAKE) --no-print-directory browser
	$(MAKE) --no-print-directory unit
	target/debug/whatisup-leaks "$$LEAKS"

matrix: programs ## all ways to ask the API, each with each: an hour; MATRIX_SEED repeats a part of them
	MATRIX=all cargo nextest run -p acceptance --features app/sandbox --test matrix --no-capture $(ARGS)

check: ui ## format, lints, dependency rules, the dashboard's types and unit tests
	cargo fmt --all --check
	cargo clippy --workspace --all-targets $(SANDBOX) -- -D warnings
	cargo deny --log-level error check bans licenses sources
	scripts/audit --lenient
	scripts/sbom target/sbom
	cd ui && npm run check && npm test

programs: ui
	cargo build --workspace $(SANDBOX)

browser: programs ## the dashboard of the running application in a real browser
	cd ui && WHATISUPD=$(CURDIR)/target/debug/whatisupd npm run e2e

unit: programs ## all Rust tests: unit, interop, acceptance, the desktop
	cargo nextest run --workspace $(SANDBOX) $(ARGS)

chaos: programs ## the long chaos test: CHAOS_KILLS (50) kills in full traffic, CHAOS_SEED repeats a run
	CHAOS_KILLS=$(or $(CHAOS_KILLS),50) cargo nextest run -p acceptance --features app/sandbox --test chaos whatever --no-capture

# A counter in every place of our own code; built beside what is there, so that nothing else is built anew.
fuzz: ## throw bytes at every parser, FUZZ_SECONDS (300) each, guided by the lines that are reached; FUZZ=name for one
	FUZZ_SECONDS=$(or $(FUZZ_SECONDS),300) RUSTC_WORKSPACE_WRAPPER=$(CURDIR)/scripts/covered \
	  cargo nextest run --profile fuzz -p domain -p parcel -p seal -p vault -p keyspace -p webhooks -p whatsapp -p api -p app \
	  --lib --test api \
	  -E 'test(/(^|::)fuzz::.*$(FUZZ)/)' --success-output final

audit: ## ask the registries for known vulnerabilities of what we depend on
	cargo deny check advisories
	scripts/audit

sbom: ## write what the programs are made of (CycloneDX) into dist/sbom
	scripts/setup test
	scripts/sbom

production: ui ## the tests that need a build without the sandbox
	cargo nextest run -p whatsapp -p app

openapi: ## write docs/openapi.json and the dashboard's types anew
	cargo run -q -p api --example openapi > docs/openapi.json
	cd ui && npm run schema

bench: ## measure a release build and write docs/performance.md; PARTS="guard" prints these only
	scripts/setup test
	$(MAKE) --no-print-directory ui
	scripts/bench $(PARTS)

simulate: ## run the leases of a million channels over simulated machines; CHANNELS=N for another size
	cargo run -q --release -p cluster --example simulate -- $(if $(CHANNELS),--channels $(CHANNELS)) $(ARGS)

scaling: ## the same, and write the tables of docs/scaling.md
	cargo run -q --release -p cluster --example simulate -- --write docs/scaling.md $(ARGS)

package: ## .deb and .rpm of the production application
	scripts/setup build
	$(MAKE) --no-print-directory ui
	scripts/package

clean-demo: ## forget everything that the demo stored
	rm -rf "$${XDG_DATA_HOME:-$$HOME/.local/share}/whatisup-sandbox"
