#!/bin/sh
# The way of an author, from nothing to a trained agent, outside the source tree and with an installed Bern: new-env, build,
# check-env, trace, train, eval; a mistake that is found; the same with a Bern that is not installed.
# TAP on stdout. CC comes from the environment.
# usage: test_authors.sh SOURCE BUILD MESON PREFIX
set -u
source=$1 build=$2 meson=$3 prefix=$4
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
trap 'exit 99' HUP INT TERM
unset BERN_ENV_PATH BERN_RECIPES BERN_INCLUDE BERN XDG_DATA_HOME
HOME=$tmp/home
export HOME
mkdir "$HOME"
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
		tail -n 30 "$tmp/log" | sed 's/^/# /'
	fi
}

fails() {
	! "$@"
}

claim "Bern installs" "$meson" install -C "$build" --no-rebuild --destdir "$tmp/root"
pc=$(find "$tmp/root" -name bern.pc)
if [ -z "$pc" ] || ! command -v pkg-config >/dev/null 2>&1; then
	echo "ok $((count + 1)) - an author's way # SKIP there is no bern.pc or no pkg-config"
	echo "1..$((count + 1))"
	exit 0
fi
# as if it had been configured for that folder
sed "s|^prefix=.*|prefix=$tmp/root$prefix|" "$pc" >"$tmp/bern.pc" && mv "$tmp/bern.pc" "$pc"
PKG_CONFIG_PATH=$(dirname "$pc")
bern=$tmp/root$prefix/bin/bern
PATH=$tmp/root$prefix/bin:$PATH
export PKG_CONFIG_PATH PATH
mkdir "$tmp/my environments"
cd "$tmp/my environments" || exit 99

claim "new-env makes a folder" bern new-env hover
# the lines that it tells, as they stand; the last one trains
sed -n 's/^next  *//p' "$tmp/log" >"$tmp/next"
claim "... and says what to type" test "$(wc -l <"$tmp/next")" -eq 3
head -n 2 "$tmp/next" >"$tmp/typed"
claim "the lines that it tells build and check" sh -e "$tmp/typed"
cd hover || exit 99
claim "it was this Bern that checked" grep -q "$bern check-env" build/meson-logs/testlog.txt
claim "Meson finds nothing to warn of" fails grep -E 'WARNING|warning:' build/meson-logs/meson-log.txt
claim "the library needs no other but C's" fails sh -c 'ldd build/hover.so 2>/dev/null | grep libbern'
claim "an agent learns it with the defaults" \
	bern train build/hover.so --total-timesteps 20000 --name first --seed 1
sed -n 's/^next  *//p' "$tmp/log" | head -n 1 >"$tmp/next"
claim "... and tells how to measure it" grep -q ' --env-path build/hover.so$' "$tmp/next"
claim "... in a line that can be pasted" sh -e "$tmp/next"
claim "... and holds it on fresh episodes" \
	bern eval runs/first --env-path build/hover.so --min-return 185
bern trace build/hover.so --seed 5 >"$tmp/trace"
claim "its trace replays" sh -c \
	'bern trace build/hover.so --seed 5 --actions "$0" | cmp - "$0"' "$tmp/trace"

# what it claims of random actions, with five standard errors (the deviation of a return is 8 and a bit)
claim "the return of random actions is as stated" sh -c \
	'bern trace build/hover.so --episodes 2000 | awk -F"\t" "\$1 == 0 { n++ } { sum += \$3 }
		END { mean = sum / n; print mean; exit !(n == 2000 && mean > 13.3 && mean < 15.3) }"'

# change it, as an author would
sed 's/hover at height 0/hover at height 1/; s/double off = s->height < 0 ? -s->height : s->height;/double off = s->height < 1 ? 1 - s->height : s->height - 1;/' \
	env.c >new.c && mv new.c env.c
claim "the change was made" grep -q 's->height - 1' env.c
claim "a changed one is built and checked" "$meson" test -C build
claim "... and learned" bern train build/hover.so --total-timesteps 30000 --name second --seed 1
claim "... too" bern eval runs/second --env-path build/hover.so --min-return 100

# a mistake: reset forgets a part of the state
cp env.c good.c
sed 's/\*(state \*)block = (state){.height = \(.*\)};/((state *)block)->height = \1;/' good.c >env.c
claim "the mistake was made" fails cmp -s good.c env.c
claim "the test of the folder finds it" fails "$meson" test -C build
claim "... and says why" grep -q 'FAILED *old-bytes' build/meson-logs/testlog.txt
cat good.c >env.c
claim "mended, it passes" "$meson" test -C build

claim "it installs among Bern's plugins" "$meson" install -C build
claim "... where pkg-config says" test -f "$(pkg-config --variable=plugindir bern)/hover.so"
claim "... and is found by its id" env "BERN_ENV_PATH=$(pkg-config --variable=plugindir bern)" bern info Hover-v0

# without an installed Bern
PKG_CONFIG_PATH=$tmp/nowhere
cd "$tmp" || exit 99
claim "the program of a build folder makes one, too" "$build/bern" new-env me/Other-v3
cd Other || exit 99
claim "without any Bern, Meson says what to set" fails "$meson" setup without
claim "... in words" sh -c '"$1" setup without2 2>&1 | grep "BERN_INCLUDE"' - "$meson"
claim "with its headers and program it builds" \
	env "BERN_INCLUDE=$source/core/include" "BERN=$build/bern" "$meson" setup build
claim "... and passes" "$meson" test -C build
echo "1..$count"
