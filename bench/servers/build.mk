# SPDX-License-Identifier: MIT
# Builds the servers that eddy is measured against, and what is preloaded into any server:
#   make -f bench/servers/build.mk OUT=build/bench [NAME...]
# Nothing is written beside the sources. A peer whose library or tool is not installed is left out,
# with one line that says so; `tools/setup.sh bench` installs them.

OUT     ?= build/bench
CC      := gcc
CXX     := g++
HERE    := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
PRELOAD := $(HERE)/../preload
MICRO   := $(HERE)/../micro
CRATES  := /usr/share/cargo/registry
WARN    := -Wall -Wextra -Wshadow -Wconversion
CFLAGS  := -std=c11 -D_GNU_SOURCE -O2 -flto $(WARN) -Wstrict-prototypes -Wmissing-prototypes
SHARED  := -std=c11 -D_GNU_SOURCE -O2 $(WARN) -fno-builtin -fPIC -shared

# $(call compiles,HEADER,COMPILER,FLAGS): "yes" when a program with the header links.
HASH     := \#
compiles = $(shell printf '$(HASH)include <$(1)>\nint main(void) { return 0; }\n' | \
	$(2) -o /dev/null - $(3) 2>/dev/null && echo yes)
found    = $(shell command -v $(1) || PATH=/usr/sbin command -v $(1))

HAS_raw_epoll := yes
HAS_raw_uring := $(call compiles,liburing.h,$(CC) -D_GNU_SOURCE -x c,-luring)
HAS_libuv     := $(call compiles,uv.h,$(CC) -D_GNU_SOURCE -x c,-luv)
HAS_libev     := $(call compiles,ev.h,$(CC) -x c,-lev)
HAS_libevent  := $(call compiles,event2/event.h,$(CC) -x c,-levent_core -levent_pthreads)
HAS_asio      := $(call compiles,asio.hpp,$(CXX) -std=c++20 -fsyntax-only -x c++,)
HAS_tokio     := $(and $(call found,cargo),$(wildcard $(CRATES)/tokio-1*),$(wildcard $(CRATES)/futures-0.3*))
HAS_nginx     := $(call found,nginx)

NEEDS_raw_uring := liburing-dev
NEEDS_libuv     := libuv1-dev
NEEDS_libev     := libev-dev
NEEDS_libevent  := libevent-dev
NEEDS_asio      := g++ and libasio-dev
NEEDS_tokio     := cargo, librust-tokio-dev and librust-futures-dev
NEEDS_nginx     := nginx-light

PEERS := raw_epoll raw_uring libuv libev libevent asio tokio nginx
MICRO_PEERS := raw libuv libev libevent asio tokio
HEAPS := heap.so congestion.so
HAS_raw := yes

.PHONY: all micro $(PEERS) $(HEAPS)
all: $(PEERS) micro $(HEAPS)
micro: $(foreach name,$(MICRO_PEERS),$(if $(HAS_$(name)),$(OUT)/micro_$(name)))

# A peer's name stands for its program, or for the line that says why there is none.
define peer
$(1): $$(if $$(HAS_$(1)),$$(OUT)/$(1),missing-$(1))
.PHONY: missing-$(1)
missing-$(1):
	@echo 'servers: $(1) is left out: $$(NEEDS_$(1)) not installed'
endef
$(foreach name,$(PEERS),$(eval $(call peer,$(name))))

$(HEAPS): %: $(OUT)/%

$(OUT):
	@mkdir -p $@

# $(call program,NAME,SOURCES,FLAGS)
define program
$$(OUT)/$(1): $$(addprefix $$(HERE)/,common.c $(2)) $$(wildcard $$(HERE)/*.h) $$(HERE)/../load/pattern.h | $$(OUT)
	$$(CC) $$(CFLAGS) -o $$@ $$(filter %.c,$$^) $(3)
endef
sources = $(notdir $(wildcard $(HERE)/$(1)*.c))

$(eval $(call program,raw_epoll,$(call sources,raw_epoll) datagrams.c,))
$(eval $(call program,raw_uring,$(call sources,raw_uring),-luring))
$(eval $(call program,libuv,$(call sources,libuv),-luv))
# libev's watchers are structs that begin alike and are taken for each other.
$(eval $(call program,libev,libev.c datagrams.c,-fno-strict-aliasing -lev))
$(eval $(call program,libevent,libevent.c datagrams.c,-levent_core))

$(OUT)/asio: $(HERE)/asio.cc $(OUT)/common.o $(wildcard $(HERE)/*.h) $(HERE)/../load/pattern.h
	$(CXX) -std=c++20 -O2 $(WARN) -pthread -o $@ $< $(OUT)/common.o

$(OUT)/common.o: $(HERE)/common.c $(HERE)/common.h | $(OUT)
	$(CC) $(filter-out -flto,$(CFLAGS)) -c -o $@ $<

# Its in-process program comes with the server.
$(OUT)/tokio: $(HERE)/cargo.sh $(HERE)/../Cargo.toml $(wildcard $(HERE)/tokio/Cargo.toml \
		$(HERE)/tokio/src/*/*.rs) | $(OUT)
	$(HERE)/cargo.sh $(OUT)/tokio_crates srv_tokio micro_tokio
	cp $(OUT)/tokio_crates/target/release/micro_tokio $(OUT)
	cp $(OUT)/tokio_crates/target/release/srv_tokio $@

# Not built: what starts it with a configuration of its own.
$(OUT)/nginx: $(HERE)/nginx.sh $(HERE)/nginx.conf.in | $(OUT)
	cp $(HERE)/nginx.conf.in $(OUT)
	cp $< $@

# ---- the in-process figures (bench/micro) ----

# $(call micro,NAME,SOURCES,FLAGS)
define micro
$$(OUT)/micro_$(1): $$(addprefix $$(MICRO)/,micro.c micro_threads.c $(2)) $$(wildcard $$(MICRO)/*.h) | $$(OUT)
	$$(CC) $$(CFLAGS) -pthread -o $$@ $$(filter %.c,$$^) $(3)
endef

$(eval $(call micro,raw,raw.c raw_wheel.c,))
$(eval $(call micro,libuv,libuv.c,-luv))
$(eval $(call micro,libev,libev.c,-fno-strict-aliasing -lev))
$(eval $(call micro,libevent,libevent.c,-levent_core -levent_pthreads))

$(OUT)/micro_asio: $(MICRO)/asio.cc $(addprefix $(OUT)/,micro.o micro_threads.o) $(MICRO)/micro.h
	$(CXX) -std=c++20 -O2 $(WARN) -pthread -o $@ $(filter-out %.h,$^)

$(OUT)/micro.o $(OUT)/micro_threads.o: $(OUT)/%.o: $(MICRO)/%.c $(MICRO)/micro.h | $(OUT)
	$(CC) $(filter-out -flto,$(CFLAGS)) -c -o $@ $<

$(OUT)/micro_tokio: $(OUT)/tokio

$(OUT)/%.so: $(PRELOAD)/%.c | $(OUT)
	$(CC) $(SHARED) -o $@ $<
