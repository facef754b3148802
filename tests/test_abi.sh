#!/bin/sh
# The interface that plugins are compiled against stays what it was: the types that bern_plugin_1 leads to, as libabigail reads
# them from a plugin that was built with debug information, against tests/data/plugin.abi. TAP on stdout. CC comes from the
# environment. usage: test_abi.sh SOURCE [store]: with `store`, writes the file anew.
set -u
source=$1
command -v abidw >/dev/null 2>&1 && command -v abidiff >/dev/null 2>&1 || {
	echo "1..0 # SKIP the plugin ABI is not compared: there is no abidiff (Debian: abigail-tools)"
	exit 0
}
[ "$(uname -m)" = x86_64 ] || {
	echo "1..0 # SKIP the plugin ABI is not compared: the stored one is of x86_64, this is $(uname -m)"
	exit 0
}
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
trap 'exit 99' HUP INT TERM
stored=$source/tests/data/plugin.abi
count=0

# dump HEADERS OUT: builds a plugin against the headers and writes its interface
dump() {
	${CC:-cc} -g -O0 -ffp-contract=off -shared -fPIC -I "$1" "$source/envs/examples/batch.c" -o "$tmp/plugin.so" &&
		abidw --no-corpus-path --no-comp-dir-path --no-show-locs --no-elf-needed --no-parameter-names \
			--out-file "$2" "$tmp/plugin.so"
}

claim() { # SENTENCE COMMAND...
	sentence=$1
	shift
	count=$((count + 1))
	if "$@" >"$tmp/log" 2>&1; then
		echo "ok $count - $sentence"
	else
		echo "not ok $count - $sentence"
		head -n 60 "$tmp/log" | sed 's/^/# /'
	fi
}

if [ "${2:-}" = store ]; then
	dump "$source/core/include" "$stored"
	exit
fi
unchanged() {
	abidiff --no-show-locs "$stored" "$tmp/now.abi" && return
	echo "A table may grow at its end (then: sh tests/test_abi.sh . store, and commit the file); anything else"
	echo "breaks the plugins that exist and asks for another BERN_ENV_ABI."
	return 1
}
claim "a plugin's interface can be read" dump "$source/core/include" "$tmp/now.abi"
claim "it is the stored one" unchanged

# changed SED: 0 if abidiff sees the change that it makes in bern/env.h
changed() {
	rm -rf "$tmp/include"
	cp -R "$source/core/include" "$tmp/include"
	sed '/^BERN_ASSERT_SIZE/d' "$source/core/include/bern/env.h" >"$tmp/env.h"
	sed "$1" "$tmp/env.h" >"$tmp/include/bern/env.h"
	cmp -s "$tmp/env.h" "$tmp/include/bern/env.h" && {
		echo "the change was not made: $1"
		return 1
	}
	dump "$tmp/include" "$tmp/changed.abi" || return 1
	! abidiff --no-show-locs "$stored" "$tmp/changed.abi"
}
claim "a field that is put in the middle is noticed" changed 's/^\tconst char \*source;/\tint64_t more;\n&/'
claim "a type that changes in place is noticed" changed 's/^\tuint32_t flags; /\tfloat flags; /'
claim "two fields that change places are noticed" \
	changed 's/^\tuint64_t state_size;.*/\tuint64_t max_steps;/; t; s/^\tuint64_t max_steps; .*/\tuint64_t state_size;/'
claim "an argument that is added is noticed" changed 's/^\tvoid (\*detach)(const void \*model, /&int32_t more, /'
claim "a table that grows is noticed" changed 's/^\tuint32_t batch_count, reserved;/&\n\tvoid *more;/'
claim "a batch's arguments are looked at" changed 's/^\tdouble \*reward; /\tfloat *reward; /'
echo "1..$count"
