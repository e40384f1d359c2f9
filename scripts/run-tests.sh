#!/bin/bash
# Runs tests that were built, and says once more at the end what failed: a run prints thousands of lines.
# Usage: scripts/run-tests.sh FLAG…   (flags for swift test)
set -euo pipefail

cd "$(dirname "$0")/.."
log=$(mktemp)
trap 'rm -f "$log"' EXIT

status=0
swift test --skip-build "$@" 2>&1 | tee "$log" || status=$?
[ "$status" -ne 0 ] || exit 0

# An issue begins with ✘ and goes on in lines that begin with ↳ or with no sign; a known one is no failure.
{
    echo
    echo "what failed:"
    awk '/^✘/ { shown = !/recorded a known issue/ } /^(◇|✔)/ { shown = 0 } shown' "$log" |
        cut -c1-600 | tail -n 60
} >&2
exit "$status"
