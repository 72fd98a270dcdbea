#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Install a build folder below a temporary DESTDIR and build three.c against what lies there: by
# pkg-config and by find_package, shared and static; and once more with the sources embedded. The same
# with curl.c, by pkg-config, when eddy-curl was installed.
# usage: tests/install/run.sh BUILD
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tree=$(cd "$here/../.." && pwd)
build=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

step() { echo "-- $*"; }
# uses PROGRAM yes|no: does the program run, and does it load libeddy.so.0?
uses() {
    local loads=no
    if readelf -d "$1" | grep -q 'NEEDED.*libeddy\.so\.0'; then loads=yes; fi
    if [ $loads != "$2" ]; then
        echo "$1: loads libeddy.so.0: $loads, expected: $2"
        return 1
    fi
    LD_LIBRARY_PATH=$libdir "$1"
}

step install
DESTDIR=$work/root cmake --install "$build" >"$work/install.log" || {
    cat "$work/install.log"
    exit 1
}
pc=$(find "$work/root" -name eddy.pc)
export PKG_CONFIG_PATH=${pc%/*} PKG_CONFIG_SYSROOT_DIR=$work/root
libdir=${PKG_CONFIG_PATH%/pkgconfig}
prefix=$work/root$(sed -n 's/^prefix=//p' "$pc")
version=$(pkg-config --modversion eddy)
expected=$(awk '/define EDDY_VERSION_(MAJOR|MINOR|PATCH) / { v = v sep $3; sep = "." } END { print v }' \
    "$tree/include/eddy/base.h")
if [ "$version" != "$expected" ]; then
    echo "eddy.pc says $version, the header $expected"
    exit 1
fi
find "$work/root" -name LICENSE | grep -q . || {
    echo "no licence installed"
    exit 1
}

step "pkg-config eddy $version, shared"
# shellcheck disable=SC2046 # the flags are meant to be split
gcc -std=c11 "$here/three.c" $(pkg-config --cflags --libs eddy) -o "$work/shared"
uses "$work/shared" yes

# The archive must be plain code, without bytecode of the compiler that made it.
if readelf -SW "$libdir/libeddy.a" | grep '\.gnu\.lto_'; then
    echo "libeddy.a holds link-time bytecode"
    exit 1
fi
for compiler in gcc clang; do
    step "pkg-config --static, by $compiler"
    # shellcheck disable=SC2046
    $compiler -std=c11 -static "$here/three.c" $(pkg-config --static --cflags --libs eddy) \
        -o "$work/static"
    uses "$work/static" no
    # shellcheck disable=SC2046
    $compiler -std=c11 "$here/three.c" $(pkg-config --cflags eddy) "$libdir/libeddy.a" -pthread \
        -o "$work/archive"
    uses "$work/archive" no
done

step "libeddy.so exports what the list names"
(cd "$tree" && tools/check_symbols.py "$libdir/libeddy.so")

if [ -f "$PKG_CONFIG_PATH/eddy-curl.pc" ]; then
    # The linker takes what is shared where there is both.
    shared=no
    if [ -f "$libdir/libeddy-curl.so" ]; then shared=yes; fi
    step "pkg-config eddy-curl, libeddy-curl shared: $shared"
    # shellcheck disable=SC2046
    gcc -std=c11 "$here/curl.c" $(pkg-config --cflags --libs eddy-curl) -o "$work/curl"
    uses "$work/curl" yes
    if [ -f "$libdir/libeddy-curl.a" ]; then
        step "libeddy-curl.a and libeddy.a, with the system's libcurl"
        # shellcheck disable=SC2046
        gcc -std=c11 "$here/curl.c" $(pkg-config --cflags eddy-curl) "$libdir/libeddy-curl.a" \
            "$libdir/libeddy.a" $(pkg-config --libs libcurl) -pthread -o "$work/curl_archive"
        uses "$work/curl_archive" no
    fi
fi

# What follows asks for the system's own packages only.
unset PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR
# cmake_program NAME LOADS SETTING...: configure and build this folder's project, run the result.
cmake_program() {
    local name=$1 loads=$2
    shift 2
    step "$name"
    {
        cmake -G Ninja -S "$here" -B "$work/$name" -DCMAKE_PREFIX_PATH="$prefix" "$@" &&
            cmake --build "$work/$name" --target three
    } >"$work/log" 2>&1 || {
        cat "$work/log"
        return 1
    }
    uses "$work/$name/three" "$loads"
}
cmake_program find_package yes -DVERSION="$version"
cmake_program find_package_static no -DVERSION="$version" -DCOMPONENTS="COMPONENTS;static"
cmake_program add_subdirectory no -DEDDY_TREE="$tree"
echo "install: all programs ran"
