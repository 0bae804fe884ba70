# `make help` lists the targets.

CARGO ?= cargo
# The server's own arguments: make run ARGS="--listen 127.0.0.1:8080"
ARGS ?=
# Seconds for each fuzz target.
TIME ?= 60
FUZZ_TARGETS ?= sse splice chat_request chat_response chat_stream messages_request messages_response messages_stream responses_request

.DEFAULT_GOAL := help
.PHONY: help demo run test clients chaos soak bench bench-path bench-dialects fuzz fmt check check-fmt check-clippy check-doc check-deny check-generated generate audit

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Unoptimised: a clean build takes three fifths of the processor time of a release build, and `make test` uses it again.
demo: ## the server on http://127.0.0.1:3000 with simulated providers: needs no key and no other service
	$(CARGO) run --bin llm-router -- serve --demo $(ARGS)

run: ## the server, optimised, with the providers of your environment or .env
	$(CARGO) run --release --bin llm-router -- serve $(ARGS)

test: ## all tests; PostgreSQL and Redis from TEST_DATABASE_URL and TEST_REDIS_URL, else private ones for the run
	.ci/with-services $(CARGO) test --workspace --no-fail-fast

# Official SDKs and frameworks, from their registries: not a part of `make test`, which needs no network.
clients: ## every client of examples/clients against a router of its own, and a table; Python 3.11, Node 20, the network
	$(CARGO) build --bin llm-router
	python3 examples/clients/run.py

# Each outage a minute instead of seconds, one after the other; each prints its figures.
chaos: ## databases and Redis killed and stopped under load, a minute each; optimised, as the figures are of that
	CHAOS_SECONDS=60 .ci/with-services $(CARGO) test --release --package llm-router --test it -- outages --nocapture --test-threads 1

soak: ## half an hour of mixed load with faults, and what memory it leaves behind; Linux
	SOAK_SECONDS=1800 $(CARGO) test --package llm-router --test it -- soak --nocapture

bench: ## how long a decision takes
	$(CARGO) bench --package router-benches --bench decision

bench-path: ## what the whole path costs, beside a bare proxy; Linux, 2 minutes
	$(CARGO) build --release --bin llm-router
	$(CARGO) bench --package router-benches --bench path

bench-dialects: ## what translating between wire formats costs, beside passing on; Linux, half a minute
	$(CARGO) build --release --bin llm-router
	$(CARGO) bench --package router-benches --bench path -- dialects

# The switches of coverage and sanitizer are those of a nightly compiler; RUSTC_BOOTSTRAP lets the pinned one take them.
# What is found new goes to corpus/, beside the seeds that are committed.
fuzz: ## the wire formats under any bytes: make fuzz TIME=1200, FUZZ_TARGETS="sse splice" for some
	@$(CARGO) fuzz --version >/dev/null 2>&1 || $(CARGO) install --locked cargo-fuzz
	@cd crates/router-providers && for target in $(FUZZ_TARGETS); do \
		mkdir -p fuzz/corpus/$$target && RUSTC_BOOTSTRAP=1 $(CARGO) fuzz run $$target fuzz/corpus/$$target fuzz/seeds/$$target \
			-- -max_total_time=$(TIME) -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 || exit 1; \
	done

fmt: ## format the code
	$(CARGO) fmt --all

check: check-fmt check-clippy check-doc check-deny check-generated ## everything but the tests

check-fmt: ## formatting
	$(CARGO) fmt --all --check

check-clippy: ## lints, warnings are errors
	$(CARGO) clippy --workspace --all-targets -- -D warnings

check-doc: ## documentation builds without warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps

# Advisories are left to `make audit`: they are fetched from a host that a build must not depend on.
check-deny: ## licences, banned crates and sources of dependencies
	@$(CARGO) deny --version >/dev/null 2>&1 || $(CARGO) install --locked cargo-deny
	$(CARGO) deny check bans licenses sources

# What is printed by the program is compared with what is committed.
check-generated: ## docs/openapi.json and docs/config.schema.json are current
	$(CARGO) build --quiet --bin llm-router
	@$(call generate,openapi) | diff -u docs/openapi.json - || { echo 'docs/openapi.json is stale: run `make generate`'; exit 1; }
	@$(call generate,config-schema) | diff -u docs/config.schema.json - || { echo 'docs/config.schema.json is stale: run `make generate`'; exit 1; }

generate: ## write docs/openapi.json and docs/config.schema.json
	$(CARGO) build --quiet --bin llm-router
	@mkdir -p docs
	$(call generate,openapi) > docs/openapi.json
	$(call generate,config-schema) > docs/config.schema.json

audit: ## known vulnerabilities of dependencies; needs the network
	@$(CARGO) deny --version >/dev/null 2>&1 || $(CARGO) install --locked cargo-deny
	$(CARGO) deny check advisories

generate = $(CARGO) run --quiet --bin llm-router -- $(1)
