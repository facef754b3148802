#!/bin/sh
# What the README pages show works: runs the command lines of their ```sh blocks, one after another, in a folder for each page
# that looks like a built source tree, and expects status 0. A block marked ```sh no-run is left out. Of the two commands that
# open the top page, which install packages, only what can be checked without doing so is checked. TAP on stdout.
# usage: readme.sh SOURCE BERN
source=$1 BERN=$2
. "$source/tests/cli/lib.sh"

# the compiler that the build uses, under the name that the pages have
mkdir "$work/bin"
printf '#!/bin/sh\nPATH=%s\nexec %s "$@"\n' "'$PATH'" "${CC:-cc}" >"$work/bin/cc"
chmod +x "$work/bin/cc"

# Writes "BLOCK LINE COMMAND" of each command line in the page's sh blocks; lines that end in a backslash are joined.
commands_of() {
	awk '
		/^```/ && inside { inside = 0; next }
		/^```sh[ \t]*$/ { inside = 1; block++; next }
		/^```/ { inside = 2; next }
		inside == 1 {
			if (!length(joined)) at = NR
			if (sub(/\\$/, "")) { joined = joined $0; next }
			line = joined $0; joined = ""
			if (line !~ /^[ \t]*(#|$)/) print block, at, line
		}' "$1"
}

# Makes the folder of a page and goes there.
enter() {
	here=$work/$(printf '%s' "$1" | tr / _)
	mkdir -p "$here/build" "$here/runs"
	ln -sf "$BERN" "$here/build/bern"
	ln -sfn "$source/core" "$here/core"
	ln -sfn "$source/envs" "$here/envs"
	ln -sfn "$source/runs/recipes" "$here/runs/recipes"
	ln -sfn "$source/runs/sweeps" "$here/runs/sweeps"
	cd "$here" || exit 1
}

runs() { # NAME COMMAND: the command ends well
	if PATH=$work/bin:$here/build:$PATH sh -c "$2" >"$work/out" 2>&1 </dev/null; then
		ok "$1"
	elif without=$(sed -n 's/.*this bern was built without the Meson feature `\([a-z]*\)`.*/\1/p' "$work/out") &&
		[ -n "$without" ]; then
		skip "$1" "there is no $without in this build"
	else
		not_ok "$1" "status $?: $(tail -n 20 "$work/out")"
	fi
}

# Whether a command line is one of the program, or prepares for one.
is_ours() {
	printf '%s\n' "$1" | grep -qE '^([A-Z_]+=[^ ]* )*(build/bern|bern|cc|printf) '
}

# Names that the page has in backquotes: which of those on stdin are missing?
not_named_in() {
	named=0
	while read -r name; do
		named=$((named + 1))
		grep -qF -- "\`$name\`" "$source/$1" || printf '%s ' "$name"
	done
	[ "$named" -gt 0 ] || printf 'the list itself'
}

# Links of the page to files of the tree that are not there.
dead_links() {
	grep -o ']([^)#]*)' "$source/$1" | sed 's/^](//; s/)$//' | grep -v '^[a-z]*:' | while read -r link; do
		[ -e "$source/$(dirname "$1")/$link" ] || printf '%s ' "$link"
	done
}

page() { # PAGE SKIP: runs its commands, without those of the first SKIP blocks
	enter "$1"
	check "the links of $1 lead somewhere" [ -z "$(dead_links "$1")" ]
	commands_of "$source/$1" >"$work/commands"
	before=$count
	while read -r block at command; do
		if [ "$block" -le "$2" ]; then
			continue
		elif is_ours "$command"; then
			# '#' would begin a remark of TAP, and echo reads backslashes
			runs "$1:$at: $(printf '%s' "$command" | tr '#\\' '  ')" "$command"
		else
			echo "# $1:$at is not run: $command"
		fi
	done <"$work/commands"
	[ "$count" -gt "$before" ] || not_ok "$1 shows the program at work" "none of its command lines was run"
}

# The clause of a command that installs packages, without their list; then the list.
installs() {
	printf '%s\n' "$1" | sed -n 's/.*P="[^"]*"; \(dpkg .*apt-get install -y \$P"\);.*/\1/p'
}

packages() {
	printf '%s\n' "$1" | sed -n 's/.*P="\([^"]*\)".*/\1/p'
}

top_page() {
	enter README.md
	commands_of "$source/README.md" >"$work/commands"
	first=$(sed -n 's/^1 [0-9]* //p' "$work/commands")
	second=$(sed -n 's/^2 [0-9]* //p' "$work/commands")
	tested=$(sed -n '/^readme() {$/{n;s/^[ \t]*//p;}' "$source/.ci/run")

	check "each of the first two commands of README.md is one line" \
		[ "$(printf '%s\n' "$first" "$second" | grep -c .)" -eq 2 ]
	if [ -n "$tested" ] && [ "$second" = "$tested" ]; then
		ok "the second is the one in .ci/run, word for word"
	else
		not_ok "the second is the one in .ci/run, word for word" "$second" "$tested"
	fi
	if [ -n "$(installs "$first")" ] && [ "$(installs "$first")" = "$(installs "$second")" ]; then
		ok "both install packages in the same way"
	else
		not_ok "both install packages in the same way" "$(installs "$first")" "$(installs "$second")"
	fi
	missing=
	for package in $(packages "$first"); do
		case " $(packages "$second") " in
		*" $package "*) ;;
		*) missing="$missing $package" ;;
		esac
	done
	check "the second installs all that the first does" [ -n "$(packages "$first")" -a -z "$missing" ]
	last=${first##*&& }
	check "the first builds and ends with the program" eval 'is_ours "$last" && [ "$last" != "$first" ] &&
		printf "%s\n" "$first" | grep -q "meson setup build\b"'
	is_ours "$last" && runs "README.md: $last" "$last"
}

top_page
page README.md 2
for room in agents core envs runs; do
	page "$room/README.md" 0
done

# what is listed in full
missing=$("$BERN" envs --json | sed 's/.*"id":"\([^"]*\)".*/\1/' | not_named_in envs/README.md)
check "envs/README.md names every environment" [ -z "$missing" ]
missing=$("$BERN" envs --json | sed 's/.*"id":"\([^"]*\)".*/\1/' | while read -r id; do
	"$BERN" info "$id" | sed -n '/^  parameters /,/^  [a-z]/s/^    \([a-z_]*\) .*/\1/p'
done | not_named_in envs/README.md)
check "envs/README.md names every parameter" [ -z "$missing" ]
without=$(sed -n '/^Without a recipe/,/^```/{/^|/p}' "$source/runs/README.md")
missing=$("$BERN" envs --json | sed 's/.*"id":"\([^"]*\)".*/\1/' | while read -r id; do
	[ -f "$source/runs/recipes/$(printf '%s' "$id" | tr / -).yaml" ] && continue
	case $without in *"\`$id\`"*) ;; *) printf '%s ' "$id" ;; esac
done)
check "runs/README.md names every environment without a recipe" [ -z "$missing" ]
for log in progress eval; do
	missing=$(head -n 1 "$work/runs_README.md/runs/mine/$log.csv" | tr ',' '\n' | not_named_in runs/README.md)
	check "runs/README.md names every column of $log.csv" [ -z "$missing" ]
done
missing=$(cd "$work/runs_README.md/runs/mine" && for name in *; do
	grep -qF "$name" "$source/runs/README.md" || printf '%s ' "$name"
done)
check "runs/README.md names every file of a run" [ -z "$missing" ]
for room in cli viewer tests; do
	[ -f "$source/$room/README.md" ] && page "$room/README.md" 0
done
finish
