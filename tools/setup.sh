#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Install what a fresh Debian or Ubuntu machine lacks. It looks for programs and headers, not for
# packages, so what came from elsewhere counts too; when nothing is missing it does nothing.
set -eu

usage() {
    echo "usage: tools/setup.sh run|check|bench"
    echo "run: to build and start; check: to test, too; bench: to measure eddy's peers beside it"
}

# need PACKAGE TEST...: note the package unless the test succeeds.
missing=()
need() {
    local package=$1
    shift
    "$@" >/dev/null 2>&1 || missing+=("$package")
}
has() { command -v "$1"; }
one_of() {
    local name
    for name in "$@"; do
        if has "$name"; then return; fi
    done
    return 1
}
compiles() { # compiles HEADER COMPILER FLAGS...: does a program with that header link?
    local header=$1
    shift
    printf '#include <stdarg.h>\n#include <stddef.h>\n#include <stdint.h>\n#include <setjmp.h>\n#include <%s>\nint main(void) { return 0; }\n' \
        "$header" | "$1" -x c - "${@:2}" -o /dev/null
}

fuzzes() { # does clang have its fuzzer and sanitizers?
    printf 'int LLVMFuzzerTestOneInput(void) { return 0; }\n' |
        clang -x c - -fsanitize=fuzzer,address,undefined -o /dev/null
}

crate() { # crate NAME-VERSION: has Debian's package of that crate been installed?
    compgen -G "/usr/share/cargo/registry/$1*/Cargo.toml"
}

# What bench/ measures eddy against, loads it with, and counts with. Whatever is missing later leaves
# rows of the tables out, no more. The package of nginx also starts a server on port 80, which bench/
# does not need.
look_for_peers() {
    need g++ has g++
    need python3 has python3
    need util-linux has taskset
    need libuv1-dev compiles uv.h gcc -luv
    need libasio-dev test -e /usr/include/asio.hpp
    need cargo has cargo
    need librust-tokio-dev crate tokio-1
    need librust-futures-dev crate futures-0.3
    need librust-libc-dev crate libc-0.2
    need libev-dev compiles ev.h gcc -lev
    need libevent-dev compiles event2/event.h gcc -levent_core
    need liburing-dev compiles liburing.h gcc -luring
    need nginx-light one_of nginx /usr/sbin/nginx
    need wrk has wrk
    need valgrind has valgrind
    need strace has strace
    # Elsewhere its package is named after the kernel; system calls are then counted by strace.
    if apt-cache show linux-perf >/dev/null 2>&1; then need linux-perf has perf; fi
}

look() {
    missing=()
    need gcc has gcc
    need libc6-dev compiles stdio.h gcc
    need make has make
    need cmake has cmake
    need ninja-build has ninja
    need pkg-config one_of pkg-config pkgconf
    if [ "$1" = run ]; then return; fi
    if [ "$1" = bench ]; then
        look_for_peers
        return
    fi
    need g++ has g++
    need clang has clang
    need "$(fuzzer_package)" fuzzes
    need "$(versioned clang-format)" one_of clang-format-14 clang-format
    need "$(versioned clang-tidy)" one_of clang-tidy-14 clang-tidy
    need libcmocka-dev compiles cmocka.h gcc -lcmocka
    need binutils has nm
    need valgrind has valgrind
    need python3 has python3
    need curl has curl
    need wrk has wrk
    need libcurl4-openssl-dev compiles curl/curl.h gcc -lcurl
    need libuv1-dev compiles uv.h gcc -luv
    need redis-tools has redis-cli
}

# versioned NAME: the tree is checked by version 14; where the distribution has none, its own must do.
versioned() {
    if apt-cache show "$1-14" >/dev/null 2>&1; then
        echo "$1-14"
    else
        echo "$1"
    fi
}

# The fuzzer comes with the run-time libraries of the version of clang that is the default.
fuzzer_package() {
    local depends version=14
    depends=$(apt-cache depends clang 2>/dev/null) || depends=
    if [[ $depends =~ clang-([0-9]+) ]]; then version=${BASH_REMATCH[1]}; fi
    echo "libclang-rt-$version-dev"
}

give_up() {
    echo "setup: $1" >&2
    echo "setup: please install (Debian's names): ${missing[*]}" >&2
    exit 1
}

case "${1:-}" in
run | check | bench) ;;
-h | --help)
    usage
    exit 0
    ;;
*)
    usage >&2
    exit 2
    ;;
esac

look "$1"
if [ ${#missing[@]} -eq 0 ]; then exit 0; fi
has apt-get >/dev/null || give_up "this is no Debian or Ubuntu machine: cannot install by itself"
root=()
if [ "$(id -u)" -ne 0 ]; then
    has sudo >/dev/null || give_up "not root, and there is no sudo"
    root=(sudo)
fi

export DEBIAN_FRONTEND=noninteractive
# Without package lists the choice of names in look would be a guess.
echo "setup: reading the package lists"
"${root[@]}" apt-get update -qq ||
    echo "setup: apt-get update failed; trying with the lists that are there" >&2
look "$1"
echo "setup: installing ${missing[*]}"
"${root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
    give_up "apt-get install failed (is there a network?)"
hash -r
look "$1"
if [ ${#missing[@]} -ne 0 ]; then give_up "installed, yet still not usable"; fi
echo "setup: done"
