#!/bin/sh
# The tests of threads, built and run under ThreadSanitizer. Usage: tsan.sh SOURCE MESON SANITIZE; prints TAP.
source=$1
meson=$2
work=$(mktemp -d "${TMPDIR:-/tmp}/bern-tsan.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
if [ "$3" != none ]; then
	echo "1..0 # SKIP this build has a sanitizer of its own"
	exit 0
fi
echo 'int main(void) { return 0; }' >"$work/try.c"
# shellcheck disable=SC2086
if ! { ${CC:-cc} -fsanitize=thread "$work/try.c" -o "$work/try" && "$work/try"; } >/dev/null 2>&1; then
	echo "1..0 # SKIP the compiler or the machine does without ThreadSanitizer"
	exit 0
fi
tests="pool tree threads ranks"
targets=
for name in $tests; do targets="$targets tests/test_$name"; done
# shellcheck disable=SC2086
if ! { "$meson" setup "$work/build" "$source" -Db_sanitize=thread -Db_lundef=false -Doptimization=1 \
	-Dtests=enabled && "$meson" compile -C "$work/build" $targets; } >"$work/log" 2>&1; then
	echo "1..1"
	echo "not ok 1 - it builds under ThreadSanitizer"
	tail -20 "$work/log" | sed 's/^/# /'
	exit 1
fi
count=0
failed=0
for name in $tests; do
	count=$((count + 1))
	if "$work/build/tests/test_$name" >"$work/out" 2>&1; then
		echo "ok $count - test_$name is clean under ThreadSanitizer"
	else
		failed=1
		echo "not ok $count - test_$name is clean under ThreadSanitizer"
		grep -v '^ok' "$work/out" | head -60 | sed 's/^/# /'
	fi
done
echo "1..$count"
exit $failed
