#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Install a build folder below a temporary DESTDIR and build three.c against what lies there: by
# pkg-config and by find_package, shared and static; and once more with the sources embedded.
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
find "$work/root" -name LICENSE | grep -q . || {
    echo "no licence installed"
    exit 1
}

step "pkg-config eddy $version, shared"
# shellcheck disable=SC2046 # the flags are meant to be split
gcc -std=c11 "$here/three.c" $(pkg-config --cflags --libs eddy) -o "$work/shared"
uses "$work/shared" yes

step "pkg-config --static"
# shellcheck disable=SC2046
gcc -std=c11 -static "$here/three.c" $(pkg-config --static --cflags --libs eddy) -o "$work/static"
uses "$work/static" no

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
