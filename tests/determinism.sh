#!/bin/sh
# The same bits from every compiler, optimisation level and instruction set: builds golden_hash in each way that this machine
# can and compares what it prints with data/golden-hashes.txt. TAP on stdout.
# usage: determinism.sh SOURCE BUILT_GOLDEN_HASH MESON THIS_WAY, which is COMPILER:LEVEL of the built one, not built again
set -u
source=$1 built=$2 meson=$3 this=$4
golden=$source/tests/data/golden-hashes.txt
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
trap 'exit 99' HUP INT TERM
count=0

# check NAME COMMAND...: runs it and compares its output with the stored one
check() {
	name=$1
	shift
	count=$((count + 1))
	if "$@" >"$tmp/out" 2>"$tmp/err" && diff "$golden" "$tmp/out" >"$tmp/diff"; then
		echo "ok $count - $name gives the stored bits"
	else
		echo "not ok $count - $name gives the stored bits"
		sed 's/^/# /' "$tmp/err" "$tmp/diff"
		echo "# if learning itself was meant to change: build/tests/golden_hash > tests/data/golden-hashes.txt"
	fi
}

skip() {
	count=$((count + 1))
	echo "ok $count - $1 gives the stored bits # SKIP $2"
}

check "this build, $this," "$built"

# a level that this CPU lacks is refused by name, with "not one of"
for level in reference x86-64 avx2 avx512; do
	if BERN_CPU=$level "$built" 2>&1 >/dev/null | grep -q 'not one of'; then
		skip "instruction set $level" "not usable here"
	else
		check "instruction set $level" env "BERN_CPU=$level" "$built"
	fi
done

# nothing of this build's own flags
unset CFLAGS LDFLAGS CPPFLAGS
for way in gcc:0 gcc:3 clang:2; do
	compiler=${way%:*} level=${way#*:}
	name="$compiler -O$level"
	[ "$way" = "$this" ] && continue
	if ! command -v "$compiler" >/dev/null 2>&1; then
		skip "$name" "there is no $compiler here"
	elif CC=$compiler "$meson" setup "$tmp/$way" "$source" -Dbuildtype=plain -Doptimization="$level" \
		-Dtests=disabled >"$tmp/log" 2>&1 &&
		"$meson" compile -C "$tmp/$way" -j 2 golden_hash >>"$tmp/log" 2>&1; then
		check "$name" "$tmp/$way/tests/golden_hash"
	else
		count=$((count + 1))
		echo "not ok $count - $name gives the stored bits"
		tail -n 20 "$tmp/log" | sed 's/^/# /'
	fi
done
echo "1..$count"
