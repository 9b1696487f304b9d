#!/bin/sh
# Installs the Debian packages that a target needs, or says which to install where it may not.
#   scripts/system.sh venv   python3-venv, for `python3 -m venv`
#   scripts/system.sh test   the browser and the programs that the tests run beside ours
set -eu

missing=""
need() { # need COMMAND PACKAGE
    command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}
element() { # element GSTREAMER_ELEMENT PACKAGE
    gst-inspect-1.0 "$1" >/dev/null 2>&1 || missing="$missing $2"
}

case "${1:-}" in
venv)
    "${PYTHON:-python3}" -c "import ensurepip, venv" >/dev/null 2>&1 || missing="python3-venv"
    ;;
test)
    need chromium chromium
    need chromium-headless-shell chromium-headless-shell
    need firefox-esr firefox-esr
    need node nodejs
    need npm npm
    need ffmpeg ffmpeg
    need ffprobe ffmpeg
    need curl curl
    need openssl openssl
    need gst-launch-1.0 gstreamer1.0-tools
    element rtspsrc gstreamer1.0-plugins-good
    element h264parse gstreamer1.0-plugins-bad
    tls_modules=$(find /usr/lib -name 'libgiognutls.so' -o -name 'libgioopenssl.so' 2>/dev/null | head -n 1)
    [ -n "$tls_modules" ] || missing="$missing glib-networking"
    command -v fc-list >/dev/null 2>&1 && [ -n "$(fc-list 2>/dev/null | head -n 1)" ] || missing="$missing fonts-dejavu-core"
    ;;
*)
    echo "usage: scripts/system.sh venv|test" >&2
    exit 2
    ;;
esac

[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Debian packages:$missing"
    apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "These Debian packages are needed and may not be installed by this user:$missing" >&2
    echo "Install them, then run the same command again:  sudo apt-get install$missing" >&2
    exit 1
fi
