# Sourced by the scripts beside it: where things are, and how they talk.

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# Everything the scripts make is below here; `build/` is ignored by git.
cache=${MYBUILD_SCRIPT_CACHE:-$project/build/cache}

say() {
    printf '\033[1m==> %s\033[0m\n' "$*" >&2
}

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# Runs a command as root, with sudo where needed.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        command -v sudo >/dev/null || die "needs root, and there is no sudo: $*"
        sudo --preserve-env=DEBIAN_FRONTEND,SOURCE_DATE_EPOCH,MYBUILD_ROOT "$@"
    fi
}

# build_preset PRESET [TARGET...]: configures and builds with one of CMakePresets.json.
build_preset() {
    local preset=$1 log=$project/build/configure-$1.log
    shift
    mkdir -p "$project/build"
    if ! (cd "$project" && cmake --preset "$preset") >"$log" 2>&1; then
        cat "$log" >&2
        die "configuring with the preset $preset failed"
    fi
    cmake --build "$project/build/$preset" ${1:+--target "$@"}
}
