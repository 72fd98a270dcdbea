# SPDX-License-Identifier: MIT
# The front door; CMake does the work. `make help` lists what there is to do.
#   make run PORT=8080 DRIVER=epoll     make install PREFIX=/usr DESTDIR=/tmp/root
# CC, CFLAGS, CPPFLAGS and LDFLAGS count when a build folder is first made (see `make clean`).

PORT       ?= 8080
DRIVER     ?=
PREFIX     ?= /usr/local
BUILD_TYPE ?= Release
SEEDS      ?= 10000
SECONDS    ?= 600

RELEASE := build/release
CMAKE_GENERATOR ?= $(if $(shell command -v ninja),Ninja,Unix Makefiles)
export CMAKE_GENERATOR
export CMAKE_BUILD_PARALLEL_LEVEL ?= $(shell nproc 2>/dev/null || echo 1)
ifneq ($(strip $(CPPFLAGS)),)
override CFLAGS := $(strip $(CPPFLAGS) $(CFLAGS))
export CFLAGS
endif

# The release build has no tests: it needs a compiler, CMake and nothing else.
configure = @cmake -B $(RELEASE) -DCMAKE_BUILD_TYPE=$(BUILD_TYPE) -DEDDY_BUILD_TESTS=OFF $(1) \
	>$(RELEASE).log 2>&1 || { cat $(RELEASE).log; exit 1; }

bench-programs = --target bench_srv_eddy --target bench_load --target bench_micro_eddy

.NOTPARALLEL:
.DEFAULT_GOAL := build
.PHONY: build run check lint sanitize check-long explore fuzz bench bench-quick bench-gate bench-growth bench-servers \
	bench-compose bench-redis install format clean help release-tree

build: release-tree ## build the libraries, examples and bench programs into build/release (default)
	@cmake --build $(RELEASE)

run: setup-run release-tree ## start the HTTP example: make run PORT=8080 DRIVER=epoll (or io_uring)
	@cmake --build $(RELEASE) --target example_hello_http
	@exec $(RELEASE)/examples/hello_http --port=$(PORT) $(if $(DRIVER),--driver=$(DRIVER))

check: setup-check ## everything a change must pass: builds, tests, sanitizers, style (some twenty minutes)
	@tools/check

lint: setup-check ## the checks that need no build: format, clang-tidy, layers, docstrings, headers, scripts
	@tools/check lint

sanitize: setup-check ## all tests under ASan, UBSan and LSan, the threads' tests under TSan
	@tools/check sanitize

explore: setup-check ## the scenarios of the simulated world over many seeds: make explore SEEDS=10000
	@mkdir -p build
	@cmake -B build/explore -DCMAKE_BUILD_TYPE=Release -DEDDY_BUILD_EXAMPLES=OFF -DEDDY_BUILD_BENCH=OFF \
		>build/explore.log 2>&1 || { cat build/explore.log; exit 1; }
	@cmake --build build/explore --target scenarios
	@tools/explore --seeds $(SEEDS) build/explore

fuzz: setup-check ## look for inputs that break something: make fuzz SECONDS=600
	@tools/check fuzz-build
	@fuzz/run.sh build/fuzz $(SECONDS)

check-long: setup-check ## what takes long: 10,000 seeds each, the bugs of tests/mutants, all faults, long tests
	@$(MAKE) explore SEEDS=10000
	@tests/mutants/run.py
	@tools/check long

bench: setup-run release-tree ## eddy and its peers, side by side (some forty minutes): writes bench/RESULTS.md
	@tools/setup.sh bench || echo "bench: goes on without the peers that are missing"
	@cmake --build $(RELEASE) $(bench-programs)
	@tools/bench run

bench-quick: setup-run release-tree ## some of it, in under three minutes; prints tables
	@tools/setup.sh bench || echo "bench: goes on without the peers that are missing"
	@cmake --build $(RELEASE) $(bench-programs)
	@tools/bench quick

bench-gate: setup-check release-tree ## instructions, system calls, heap calls a request, against bench/baseline.json
	@cmake --build $(RELEASE) --target bench_gate_eddy
	@tools/bench gate

bench-growth: setup-run release-tree ## how costs grow with connections, timers, tasks: writes bench/GROWTH.md
	@tools/setup.sh bench || echo "bench: goes on without the peers that are missing"
	@cmake --build $(RELEASE) $(bench-programs) --target bench_growth_eddy --target example_echo \
		--target example_echo_threads
	@tools/bench growth

bench-servers: setup-run release-tree ## build the servers that are measured: build/release/bench/srv_eddy
	@cmake --build $(RELEASE) --target bench_srv_eddy

bench-compose: setup-run release-tree ## what composing costs, beside tokio, asio and libuv: make bench-compose QUICK=1
	@tools/setup.sh bench || echo "bench-compose: goes on without the peers that are missing"
	@cmake --build $(RELEASE) --target bench_compose_eddy
	@tools/bench_compose --programs $(RELEASE)/bench $(if $(QUICK),--quick)

bench-redis: setup-check release-tree ## the Redis-like example beside Redis: writes bench/REDIS.md
	@cmake --build $(RELEASE) --target example_redis_like
	@bench/redis/run.py --build $(RELEASE)

install: release-tree ## install headers, libraries, eddy.pc and the CMake package: PREFIX=, DESTDIR=
	$(call configure,-DCMAKE_INSTALL_PREFIX=$(PREFIX))
	@cmake --build $(RELEASE)
	@cmake --install $(RELEASE)

format: setup-check ## write all C files the way the style wants them
	@tools/check --fix-format

clean: ## remove everything that was built
	@rm -rf build

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.* ## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

.PHONY: setup-run setup-check
setup-%:
	@tools/setup.sh $*

release-tree:
	@mkdir -p build
	$(call configure)
