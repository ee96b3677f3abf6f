#!/bin/sh
# Install the servers and the browser that some tests need: PostgreSQL, Chromium, ChromeDriver.
# Where that is not possible the tests that need them are skipped; this script never fails.

wanted=""
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null 2>&1 ||
    wanted="$wanted postgresql"
command -v chromium >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1 ||
    wanted="$wanted chromium"
command -v chromedriver >/dev/null 2>&1 || wanted="$wanted chromium-driver"

[ -z "$wanted" ] && exit 0

skip() {
    echo "tests that need$wanted will be skipped: $1" >&2
    exit 0
}

command -v apt-get >/dev/null 2>&1 || skip "there is no apt-get on this machine"
[ "$(id -u)" -eq 0 ] || skip "installing needs root (apt-get install$wanted)"

log=$(mktemp) || skip "there is no temporary folder"
trap 'rm -f "$log"' EXIT

install() {
    # The tests start a server of their own: no cluster, and nothing started by the package.
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq \
        --no-install-recommends $wanted >"$log" 2>&1
}

install && exit 0
apt-get update -qq >"$log" 2>&1 && install && exit 0
tail -n 3 "$log" >&2
skip "apt-get could not install them"
