#!/bin/sh
# Sees to it that the test of a server behind a reverse proxy finds an nginx. An nginx on the PATH will do; else Debian's
# package is installed (as root). Without one that test is skipped, except where CI=true: there that is an error.
set -eu
PATH="$PATH:/usr/sbin:/sbin"
if command -v nginx >/dev/null 2>&1; then exit 0; fi

if [ "$(id -u)" -eq 0 ] && [ -e /etc/debian_version ] && command -v apt-get >/dev/null 2>&1; then
    echo "test: installing Debian's nginx for the test behind a reverse proxy"
    if apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nginx-light >/dev/null; then
        exit 0
    fi
fi
if [ "${CI:-}" = true ]; then
    echo "error: no nginx, and it could not be installed; with CI=true its test may not be skipped" >&2
    exit 1
fi
echo "test: no nginx, and it could not be installed: the test behind a reverse proxy will be skipped" >&2
