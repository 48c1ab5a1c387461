#!/usr/bin/env bash
# Prints where Chromium is, for the tests of the console. Installs Debian's when it is missing and this user may.
set -euo pipefail
for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
    if [ -n "$name" ] && path=$(command -v "$name"); then
        echo "$path"
        exit 0
    fi
done
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "no chromium: install it, or say where it is with CHROMIUM=…" >&2
    exit 1
fi
{
    apt-get update
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends chromium fonts-liberation
} >&2
command -v chromium
