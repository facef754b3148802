# The manual pages and the completion of shells come from the tables that make the parser; nothing is missing in them. $PAGES is
# the folder of pages.
. "${0%/*}/lib.sh"

flags_of() { # COMMAND...: the long flags in its help
	"$BERN" "$@" --help | sed -n 's/^ *\(-[a-z], \)\{0,1\}--\(\[no-\]\)\{0,1\}\([a-z][a-z-]*\).*/\3/p' | sort -u
}
bern completion --list command
check 'commands can be listed' test "$status" -eq 0
commands=$(cat "$work/out")
for shell in bash zsh fish; do
	bern completion $shell
	check "there is a script for $shell" test -s "$work/out"
	cp "$work/out" "$work/$shell"
	if command -v $shell >"$work/null"; then
		check "$shell can read it" $shell -n "$work/$shell"
	else
		skip "$shell can read it" "no $shell"
	fi
done

for command in $commands; do
	page=$PAGES/bern-$command.1
	check "$command has a page" test -s "$page"
	[ "$command" = lab ] && continue
	flags_of "$command" >"$work/flags"
	check "$command has flags" test -s "$work/flags"
	missing=
	while read -r flag; do
		sed 's/\\-/-/g' "$page" | grep -Eq "^.fB(-., )?--(.no-.)?$flag( |.fR)" || missing="$missing page:$flag"
		grep -q -- "--$flag[ ']" "$work/bash" || missing="$missing bash:$flag"
		grep -q -- "'\*--$flag\[" "$work/zsh" || missing="$missing zsh:$flag"
		grep -q -- "-l $flag " "$work/fish" || missing="$missing fish:$flag"
	done <"$work/flags"
	check "every flag of $command is in its page and the scripts (missing:$missing)" test -z "$missing"
done
for command in $(bern lab --help; sed -n '/^commands/,/^$/s/^  \([a-z-]*\) .*/\1/p' "$work/out"); do
	check "lab $command has a page" test -s "$PAGES/bern-lab-$command.1"
done

if command -v mandoc >"$work/null"; then
	mandoc -Tlint -W warning "$PAGES"/*.1 >"$work/lint"
	check "mandoc finds nothing: $(head -n 3 "$work/lint")" test ! -s "$work/lint"
else
	skip 'mandoc finds nothing' 'no mandoc'
fi

# offers WORD ARGUMENT...: bash offers WORD for the arguments, the last of them unfinished
offered() {
	bash -c '. "$0"
		COMP_WORDS=("$@")
		COMP_CWORD=$(($# - 1))
		_bern
		printf "%s\n" "${COMPREPLY[@]}"' "$work/bash" "$BERN" "$@" >"$work/offered"
}
offers() {
	word=$1
	shift
	offered "$@"
	check "bash offers $word for '$*'" grep -qxF -- "$word" "$work/offered"
}
if command -v bash >"$work/null"; then
	mkdir -p runs/mine
	offers train tr
	offers trace tr
	offers CartPole-v1 train Cart
	offers --gae-lambda train CartPole-v1 --gae
	offers --no-recurrent train CartPole-v1 --no-r
	offers adam train CartPole-v1 --optimizer a
	offers Taxi-v4 train CartPole-v1 --recipe Tax
	offers runs/mine eval runs/m
	offers runs/mine eval m
	offers prove lab pr
	offers firings lab prove firi
	offers eval help ev
	offers zsh completion z
	offered train CartPole-v1 --seed ''
	check 'bash offers no seed' test -z "$(cat "$work/offered")"
	offered train Cart
	check 'bash offers no command in place of an environment' sh -c '! grep -qx train "$1"' sh "$work/offered"
else
	skip 'bash completes' 'no bash'
fi

refuses 2 'none of bash, fish, zsh' completion tcsh
refuses 2 'for which shell?|usage' completion
refuses 2 'envs|recipe' completion --list envs
refuses 2 'not both' completion bash --list env
finish
