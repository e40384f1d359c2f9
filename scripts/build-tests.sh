#!/bin/bash
# Builds everything, tests included, and fails when the compiler warns about a file of this repository.
# Usage: scripts/build-tests.sh [FLAG…]   (flags for swift build)
set -euo pipefail

cd "$(dirname "$0")/.."
root=$(pwd -P)
log=$(mktemp)
trap 'rm -f "$log"' EXIT

swift build --build-tests "$@" 2>&1 | tee "$log"

# Such as `/path/Sources/X/Y.swift:1:2: warning: …`, and `warning: 'omlx': …` about the package itself.
warnings=$(grep -E "^($root/(Package\.swift|Sources/|Tests/|Examples/).*: warning: |warning: '($(basename "$root")|omlx)': )" "$log" |
    sort -u || true)
[ -n "$warnings" ] || exit 0

# The compiler warns only about what it compiles: what is touched is compiled, and so warned about, next time too.
cut -d: -f1 <<<"$warnings" | sort -u | while IFS= read -r file; do
    if [ -f "$file" ]; then touch -- "$file"; fi
done
echo >&2
echo "make test takes warnings for errors:" >&2
echo "$warnings" >&2
exit 1
