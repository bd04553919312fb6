# shellcheck shell=bash
# what an event costs in the flight recorder, beside a line of text that is appended with write(2)
# Sourced by scripts/bench.
# shellcheck disable=SC2154 # davit_root comes from common.sh.

# Tests/recording has the recorder that davit has, compiled and linked as davit is.
require_swift
use_prefix
# The objects as they are compiled now: scripts/build-static makes smaller copies of davit's when it is run.
# shellcheck disable=SC2034 # swift_flags reads it.
davit_static_remap=/dev/null
swift_flags static
# The map of davit stays davit's: scripts/build-static reads it.
swift_flags+=(-Xlinker "-Map=$davit_root/.build-static/recording.map" -Xlinker "--why-extract=$davit_root/.build-static/recording.why")
log=$davit_root/.build-static/recording.log
swift build --package-path "$davit_root" "${swift_flags[@]}" --product recording >"$log" 2>&1 ||
    fail "Tests/recording cannot be built: $(tail -n 3 "$log")"
recording=$(swift build --package-path "$davit_root" "${swift_flags[@]}" --show-bin-path)/recording
scratch=$(mktemp -d -p /dev/shm)
trap 'rm -rf -- "$scratch"' EXIT
"$recording" bench "$scratch" | while read -r line; do say "$line"; done
