#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds what is measured of tokio: servers/cargo.sh FOLDER PROGRAM..., programs being compose_tokio,
# srv_tokio and micro_tokio. They come to be in FOLDER/target/release. Built in a copy, because cargo
# writes beside its sources, and with the crates that Debian has packed, without a network.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
crates=/usr/share/cargo/registry
folder=$1
shift
mkdir -p "$folder/compose" "$folder/servers"
cp -p "$here/Cargo.toml" "$folder"
cp -rp "$here/compose/tokio" "$folder/compose"
cp -rp "$here/servers/tokio" "$folder/servers"
cd "$folder"
for program; do
    set -- "$@" --bin "$program"
    shift
done
exec cargo build --release --offline --target-dir target \
    --config 'source.crates-io.replace-with="debian"' \
    --config "source.debian.directory=\"$crates\"" "$@"
