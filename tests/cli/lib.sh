# What the tests of the command line share: a folder of their own, TAP, and the claim that something is refused.
# Usage: . lib.sh, with $BERN the program under test; end with `finish`.

set -u
LC_ALL=C
export LC_ALL
unset BERN_ENV_PATH BERN_RECIPES NO_COLOR FORCE_COLOR XDG_DATA_HOME 2>/dev/null
work=$(mktemp -d "${TMPDIR:-/tmp}/bern-cli.XXXXXX") || exit 1
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
HOME=$work/home
export HOME
mkdir "$work/home" "$work/here" "$work/there"
cd "$work/here" || exit 1
count=0
failed=0

ok() { # NAME
	count=$((count + 1))
	echo "ok $count - $1"
}

not_ok() { # NAME WHY...
	count=$((count + 1))
	failed=$((failed + 1))
	echo "not ok $count - $1"
	shift
	printf '%s\n' "$*" | sed 's/^/# /'
}

skip() { # NAME WHY
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}

check() { # NAME CONDITION...: the command CONDITION succeeds
	check_name=$1
	shift
	if "$@"; then ok "$check_name"; else not_ok "$check_name" "failed: $*"; fi
}

finish() {
	echo "1..$count"
	exit $((failed > 0))
}

# Runs bern with the arguments, leaving $status, $work/out and $work/err.
bern() {
	"$BERN" "$@" >"$work/out" 2>"$work/err" </dev/null
	status=$?
}

# succeeds NAME ARGUMENT...: status 0 and a silent stderr
succeeds() {
	name=$1
	shift
	bern "$@"
	if [ "$status" -ne 0 ]; then
		not_ok "$name" "status $status: $(cat "$work/err")"
	elif [ -s "$work/err" ]; then
		not_ok "$name" "stderr says: $(cat "$work/err")"
	else
		ok "$name"
	fi
}

# says TEXT: the last output holds it
says() {
	if grep -qF -- "$1" "$work/out"; then
		ok "... says $1"
	else
		not_ok "... says $1" "it says: $(head -c 2000 "$work/out")"
	fi
}

# refuses STATUS WORDS ARGUMENT...: that status; stdout empty; stderr one line that begins with "bern: " and holds each of WORDS
# (with | between them); nothing was made or changed in the folder.
refuses() {
	want=$1
	words=$2
	shift 2
	name="bern $(printf '%s' "$*" | tr -c '[:print:]' '?' | tr '#' '?' | cut -c 1-100) is refused"
	# the total of blocks grows when the disk is written to, whoever waits
	before=$(ls -lAR . | grep -v '^total ' | cksum)
	bern "$@"
	after=$(ls -lAR . | grep -v '^total ' | cksum)
	lines=$(wc -l <"$work/err")
	if [ "$status" -ne "$want" ]; then
		not_ok "$name" "status $status, not $want: $(cat "$work/err")"
	elif [ -s "$work/out" ]; then
		not_ok "$name" "stdout is not empty: $(head -c 500 "$work/out")"
	elif [ "$lines" -ne 1 ]; then
		not_ok "$name" "$lines lines on stderr: $(cat "$work/err")"
	elif ! grep -q '^bern: ' "$work/err"; then
		not_ok "$name" "not 'bern: ...': $(cat "$work/err")"
	elif [ "$before" != "$after" ]; then
		not_ok "$name" "the folder changed"
	else
		missing=$(printf '%s' "$words" | tr '|' '\n' | while IFS= read -r word || [ -n "$word" ]; do
			grep -qF -- "$word" "$work/err" || printf "'%s' " "$word"
		done)
		if [ -n "$missing" ]; then
			not_ok "$name" "no $missing in: $(cat "$work/err")"
		else
			ok "$name"
		fi
	fi
}
