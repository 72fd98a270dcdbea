#!/bin/sh
# SPDX-License-Identifier: MIT
# nginx with the command line of the other servers: nginx.sh http PORT. In the foreground, one
# process, with a configuration of its own in a temporary folder, which stays, and is used again. The
# script becomes nginx, so that its pid is nginx's, and nginx ends on SIGTERM.
set -eu

if [ $# -ne 2 ] || [ "$1" != http ]; then
    echo "usage: $0 http PORT" >&2
    exit 2
fi
PATH=$PATH:/usr/sbin
template=$(dirname "$0")/nginx.conf.in
folder=${TMPDIR:-/tmp}/bench-nginx-$(id -u)
mkdir -p "$folder"
sed -e "s|@FOLDER@|$folder|" -e "s|@PORT@|$2|" "$template" >"$folder/nginx.conf"
exec nginx -p "$folder" -c "$folder/nginx.conf"
