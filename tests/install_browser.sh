#!/bin/sh
# Sees to it that the browser tests find a Chromium. Usage: install_browser.sh PYTHON (the environment's interpreter).
# A Chromium or Chrome on the PATH will do; else Debian's package is installed (as root), else Playwright downloads its own.
# Without one the browser tests are skipped, except where CI=true: there that is an error.
set -eu
python=$1

for name in chromium chromium-browser google-chrome google-chrome-stable; do
    if command -v "$name" >/dev/null 2>&1; then exit 0; fi
done
if "$python" -c 'import os, sys
from playwright.sync_api import sync_playwright
with sync_playwright() as p: sys.exit(not os.path.exists(p.chromium.executable_path))' 2>/dev/null; then exit 0; fi

if [ "$(id -u)" -eq 0 ] && [ -e /etc/debian_version ] && command -v apt-get >/dev/null 2>&1; then
    echo "test: installing Debian's chromium for the browser tests"
    if apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null; then
        exit 0
    fi
fi
echo "test: letting Playwright download Chromium for the browser tests"
if "$python" -m playwright install chromium; then exit 0; fi

if [ "${CI:-}" = true ]; then
    echo "error: no Chromium, and none could be installed; with CI=true the browser tests may not be skipped" >&2
    exit 1
fi
echo "test: no Chromium, and none could be installed: the browser tests will be skipped" >&2
