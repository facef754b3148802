#!/bin/sh
# Rules over the source text: who includes whom, who prints, what computes, how it is laid out. TAP on stdout.
# usage: test_hygiene.sh SOURCE [ARCHIVE...]
set -u
cd "$1" || exit 99
shift
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
trap 'exit 99' HUP INT TERM
count=0

# holds SENTENCE: ok if no offenders were written to $found
found=$tmp/found
holds() {
	count=$((count + 1))
	if [ -s "$tmp/found" ]; then
		echo "not ok $count - $1"
		head -n 20 "$found" | sed 's/^/# /'
	else
		echo "ok $count - $1"
	fi
}

skip() {
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}

sources() { # sources FOLDER...: every C file in them
	for folder; do
		[ -d "$folder" ] && find "$folder" -name '*.[ch]' -o -name '*.h.in' | grep "^$folder/"
	done | sort
}

# "FILE: HEADER" of each #include line
includes() {
	for file in $(sources "$@"); do
		sed -n "s|^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]\([^>\"]*\)[>\"].*|$file: \1|p" "$file"
	done
}

# the code of each file on its lines, comments and strings cut out, as "FILE:LINE:code"
code() {
	for file in $(sources "$@"); do
		awk -v file="$file" '{
			line = $0; out = ""
			while (line != "") {
				if (inside) {
					at = index(line, "*/")
					if (!at) break
					line = substr(line, at + 2); inside = 0
				} else if (match(line, /"([^"\\]|\\.)*"|\/\*|\/\//)) {
					out = out substr(line, 1, RSTART - 1)
					what = substr(line, RSTART, 2)
					line = substr(line, RSTART + RLENGTH)
					if (what == "/*") inside = 1
					else if (what == "//") line = ""
					else out = out "\"\""
				} else { out = out line; line = "" }
			}
			if (out != "") print file ":" FNR ":" out
		}' "$file"
	done
}

# Where each header lives. Headers of other rooms are found by their names, which therefore differ.
room_of() {
	for room in core envs agents viewer cli; do
		for at in "$room/$1" "$room/include/$1"; do
			[ -f "$at" ] && echo $room && return
		done
	done
}

# arrows ROOM ALLOWED...: lines of ROOM that include a header of a room not in the list
arrows() {
	room=$1
	shift
	includes "$room" | while read -r file header; do
		to=$(room_of "$header")
		[ -f "$(dirname "${file%:}")/$header" ] && to=$room
		case " $room $* " in
		*" ${to:-$room} "*) ;;
		*) echo "$file includes $header of $to" ;;
		esac
		case $header in
		../* | */../*) echo "$file leaves its folder: $header" ;;
		esac
	done
}

arrows core >"$found"
holds "core includes no other room"
arrows envs core >"$found"
holds "envs include core alone"
arrows agents core >"$found"
holds "agents include core alone"
arrows viewer core >"$found"
holds "the viewer includes core alone"
arrows cli core agents envs viewer >"$found"
holds "cli includes rooms of this tree"

# Environments are written as a third party's: the four headers, files of their own folder, and C's own.
c_headers='assert|complex|ctype|errno|fenv|float|inttypes|iso646|limits|locale|math|setjmp|signal|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|stdnoreturn|string|tgmath|threads|time|uchar|wchar|wctype'
includes envs | while read -r file header; do
	case $file in
	# the list of environments that is made by the build, and what hands it to the host
	envs/builtin.c:* | envs/include/bern/builtin.h:*) continue ;;
	esac
	[ -f "$(dirname "${file%:}")/$header" ] && continue
	echo "$header" | grep -qxE "bern/(env|batch|rng|math)\.h|($c_headers)\.h" || echo "$file includes $header"
done >"$found"
holds "environments include bern/env.h, batch.h, rng.h, math.h and C's headers alone"

includes core envs agents cli tests | grep -iE ': (SDL|GL/)' >"$found"
holds "the viewer alone includes SDL"
includes core envs agents | grep -E ': (yaml|SDL|cairo|gif_lib|mpi)' >"$found"
holds "libbern includes no library but jansson"
includes core envs agents viewer cli tests | grep ': mpi\.h' | grep -v '^cli/mpi\.c:' >"$found"
holds "the module mpi alone includes MPI"
echo '#include <stddef.h>
#include <stdint.h>' >"$tmp/allowed"
grep -h '^#include' core/include/bern/env.h | grep -vxFf "$tmp/allowed" >"$found"
holds "bern/env.h includes stddef.h and stdint.h alone"

before='(^|[^A-Za-z0-9_.>])'
# (an example program of a C user is none of the library; the process of an isolated environment is a program of its own)
code core envs agents viewer | grep -v '^agents/examples/' | grep -v '^core/isolate_child\.c:.*_exit(0)' | grep -E "$before(printf|vprintf|dprintf|vdprintf|puts|putchar|perror|exit|_exit|_Exit|quick_exit|abort|atexit)[[:space:]]*\(" >"$found"
holds "cli alone prints or exits"
code core envs agents viewer | grep -v '^agents/examples/' | grep -E "$before(stdout|stderr)([^A-Za-z0-9_]|$)" >"$found"
holds "cli alone knows stdout and stderr"
code core envs agents | grep -E "$before(rand|srand|random|srandom|drand48|time|clock|clock_gettime|gettimeofday|getrandom)[[:space:]]*\(" >"$found"
holds "nothing below cli reads a clock or a foreign random number"
code viewer | grep -E '^viewer/(player|panels?|panel_[a-z]*|layout)\.[ch]:' |
	grep -E "$before(rand|srand|random|srandom|drand48|time|clock|clock_gettime|gettimeofday|getrandom|SDL_[A-Za-z]*)[[:space:]]*\(" >"$found"
holds "what plays and draws in viewer/ is given the time, and reads no clock"
# exact by definition, and so allowed: sqrt, fabs, floor, ceil, trunc, rint, fmin, fmax, copysign, ldexp, frexp, isfinite ...
code core envs agents | grep -E "$before(sin|cos|tan|asin|acos|atan|atan2|sinh|cosh|tanh|asinh|acosh|atanh|exp|exp2|expm1|log|log2|log10|log1p|pow|cbrt|hypot|erf|erfc|tgamma|lgamma|fma)[fl]?[[:space:]]*\(" >"$found"
holds "nothing below cli computes with libm's functions, whose bits differ between machines"
# seen in the compiled code: .data and .bss hold what can change, constant tables lie elsewhere
if [ "$#" -eq 0 ] || ! command -v objdump >/dev/null 2>&1; then
	skip "nothing below cli has variables that outlive a call" "sanitizers add their own, or there is no objdump here"
else
	for archive; do
		objdump -t "$archive" >"$tmp/symbols" || echo "$archive cannot be read"
		grep -q ' F \.text' "$tmp/symbols" || echo "$archive has no functions"
		awk -v archive="$archive" '/file format/ { file = $1 }
			/ O \.t?(data|bss)(\.[A-Za-z0-9_]+)*\t/ && !/\.data\.rel\.ro/ { print archive, file, $NF }' "$tmp/symbols"
	done >"$found"
	holds "nothing below cli has variables that outlive a call"
fi

if [ -f README.md ] && [ -f .ci/run ]; then
	sed -n 's/^[[:space:]]*\(P=.*meson test\)/\1/p' .ci/run >"$tmp/command"
	{
		[ "$(wc -l <"$tmp/command")" -eq 1 ] || echo "there is no such line in .ci/run, or several"
		grep -qxFf "$tmp/command" README.md || echo "README.md lacks: $(cat "$tmp/command")"
	} >"$found"
	holds "the README says the test command that .ci/run runs"
fi

# other versions lay out a few things differently
formatter=
for name in clang-format-14 clang-format; do
	[ -z "$formatter" ] && "$name" --version 2>/dev/null | grep -q ' 14\.' && formatter=$name
done
if [ -n "$formatter" ]; then
	# shellcheck disable=SC2046
	"$formatter" --dry-run -Werror $(sources core envs agents viewer cli tests | grep -v '\.in$') 2>&1 |
		sed -n 's/^\([^:]*:[0-9]*\):.* error: .*/\1: run clang-format -i/p' | sort -u >"$found"
	holds "the layout is that of .clang-format"
else
	skip "the layout is that of .clang-format" "there is no clang-format 14 here"
fi
echo "1..$count"
