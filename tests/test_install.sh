#!/bin/sh
# What `meson install` leaves is enough: a plugin and C programs are built from it with nothing but pkg-config, and run.
# TAP on stdout. CC, and SANITIZE where the library was built with sanitizers, come from the environment.
# usage: test_install.sh SOURCE BUILD MESON VERSION PREFIX
set -u
source=$1 build=$2 meson=$3 version=$4 prefix=$5
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
trap 'exit 99' HUP INT TERM
count=0

# claim SENTENCE COMMAND...: ok if the command succeeds
claim() {
	sentence=$1
	shift
	count=$((count + 1))
	if "$@" >"$tmp/log" 2>&1; then
		echo "ok $count - $sentence"
	else
		echo "not ok $count - $sentence"
		tail -n 20 "$tmp/log" | sed 's/^/# /'
	fi
}

skip() {
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}

claim "it installs into an empty folder" \
	"$meson" install -C "$build" --no-rebuild --destdir "$tmp/root"
pc=$(find "$tmp/root" -name bern.pc)
if [ -z "$pc" ] || ! command -v pkg-config >/dev/null 2>&1; then
	skip "C programs build against it" "there is no bern.pc or no pkg-config"
	echo "1..$count"
	exit 0
fi
PKG_CONFIG_PATH=$(dirname "$pc")
PKG_CONFIG_SYSROOT_DIR=$tmp/root
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR
lib=$(dirname "$PKG_CONFIG_PATH")
sanitize=${SANITIZE:+-fsanitize=$SANITIZE}
flags="-O1 -Wall -Wextra -Werror $(pkg-config --cflags bern)"

same() {
	[ "$1" = "$2" ] || {
		echo "given: $1, expected: $2"
		false
	}
}
claim "pkg-config knows the version" same "$(pkg-config --modversion bern)" "$version"
claim "plugindir is the folder that was made" \
	test -d "$tmp/root$(PKG_CONFIG_SYSROOT_DIR='' pkg-config --variable=plugindir bern | sed "s|^$tmp/root||")"

# Plugins: no library at all, and no symbol of one but C's own memory functions.
cat >"$tmp/normal.c" <<'PLUGIN'
#include <bern/math.h>
double example(bern_rng *rng);
double example(bern_rng *rng)
{
	double sine, cosine;
	bern_sincos(bern_normal(rng), &sine, &cosine);
	return bern_pow(2.0, sine) + bern_tanh(cosine) + (double)bern_sigmoidf(1.5f) + bern_sqrt(sine * sine);
}
PLUGIN
needs_only_memory_functions() {
	# what the C runtime adds to every library is weak, or begins with an underscore
	nm -D --undefined-only "$1" | awk '$1 == "U" { print $2 }' | sed 's/@.*//' |
		grep -vxE '_.*|memcpy|memset|memmove|memcmp' | sed 's/^/needs /' >"$tmp/needs"
	cat "$tmp/needs"
	[ ! -s "$tmp/needs" ]
}
for level in -O0 -O2; do
	# shellcheck disable=SC2086
	claim "the smallest plugin compiles with $level and the headers alone" \
		$CC $level $flags -shared -fPIC "$source/envs/examples/smallest.c" -o "$tmp/smallest.so"
	# shellcheck disable=SC2086
	claim "a library that uses bern/math.h compiles with $level" \
		$CC $level $flags -shared -fPIC "$tmp/normal.c" -o "$tmp/normal.so"
	if command -v nm >/dev/null 2>&1; then
		claim "the smallest plugin needs no library with $level" \
			needs_only_memory_functions "$tmp/smallest.so"
		claim "bern/math.h needs no library with $level" needs_only_memory_functions "$tmp/normal.so"
	else
		skip "plugins need no library with $level" "there is no nm here"
	fi
done
claim "the installed program loads the plugin" "$tmp/root$prefix/bin/bern" info "$tmp/smallest.so:examples/Corridor-v0"

# The examples, built as their users would; each keeps its promises.
for example in smallest handle batch; do
	# shellcheck disable=SC2086
	claim "the example $example.c builds from outside the tree" \
		$CC -O3 $flags -shared -fPIC "$source/envs/examples/$example.c" -o "$tmp/$example.so"
	claim "the installed program finds nothing wrong with $example.c" \
		"$tmp/root$prefix/bin/bern" check-env "$tmp/$example.so"
done

# C programs: golden_hash.c trains agents and prints hashes of what they learned.
gives_the_stored_bits() {
	"$@" >"$tmp/hashes" && diff "$source/tests/data/golden-hashes.txt" "$tmp/hashes"
}
# shellcheck disable=SC2046,SC2086
claim "a C program builds with the shared library" \
	$CC $flags $sanitize "$source/tests/golden_hash.c" -o "$tmp/shared" $(pkg-config --libs bern)
claim "it trains and gives the stored bits" \
	gives_the_stored_bits env "LD_LIBRARY_PATH=$lib" "$tmp/shared"
# shellcheck disable=SC2046,SC2086
claim "the example train.c builds with it" \
	$CC $flags $sanitize "$source/agents/examples/train.c" -o "$tmp/train" $(pkg-config --libs bern)
learns() { # before: a coin; after: nearly all of 10
	"$@" >"$tmp/learned" && cat "$tmp/learned" &&
		awk '{ value[$1] = $2 } END { exit !(value["before"] < 6 && value["after"] > 9) }' "$tmp/learned"
}
claim "it learns" learns env "LD_LIBRARY_PATH=$lib" "$tmp/train"
rm -f "$lib"/libbern.so*
# shellcheck disable=SC2046,SC2086
claim "the same builds with the static library" \
	$CC $flags $sanitize "$source/tests/golden_hash.c" -o "$tmp/static" $(pkg-config --static --libs bern)
claim "it trains and gives the stored bits, too" gives_the_stored_bits "$tmp/static"

# Each header stands alone, in C and in C++.
include=$tmp/root$prefix/include
for header in "$include"/bern/*.h; do
	name=bern/$(basename "$header")
	echo "#include <$name>" >"$tmp/one.c"
	cp "$tmp/one.c" "$tmp/one.cpp"
	# shellcheck disable=SC2086
	claim "$name compiles alone as C11" $CC -std=c11 -Wall -Wextra -pedantic -Werror -I"$include" -fsyntax-only "$tmp/one.c"
	for cxx in g++ clang++; do
		if command -v $cxx >/dev/null 2>&1; then
			claim "$name compiles alone as C++17 with $cxx" \
				$cxx -std=c++17 -Wall -Wextra -pedantic -Werror -I"$include" -fsyntax-only "$tmp/one.cpp"
		else
			skip "$name compiles alone as C++17 with $cxx" "there is no $cxx here"
		fi
	done
done
echo "1..$count"
