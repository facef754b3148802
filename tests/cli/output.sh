# Results go to stdout and reach it, or bern fails; help and versions; colours.
. "${0%/*}/lib.sh"

# a stdout that takes nothing
for arguments in 'envs' 'envs --json' 'info CartPole-v1' 'info CartPole-v1 --json' 'train --help' '--version' '--help' \
	'train CartPole-v1 --print-config'; do
	if [ -c /dev/full ]; then
		"$BERN" $arguments >/dev/full 2>"$work/err"
		check "bern $arguments into a full disk fails" test $? -eq 1
		check '... and says so' grep -q -E '^bern: standard output: (No space left|not all of)' "$work/err"
	fi
	"$BERN" $arguments >&- 2>"$work/err"
	check "bern $arguments with stdout closed fails" test $? -eq 1
	check '... and says so in one line' test "$(grep -c '^bern: ' "$work/err")" -eq 1
	{ "$BERN" $arguments 2>"$work/err"; echo $? >"$work/status"; } | :
	status=$(cat "$work/status")
	# the reader may go away before or after the write: both are fine, a signal is not
	check "bern $arguments into a pipe that closed does not die of a signal" test "$status" -le 1
done
"$BERN" envs 2>&- >"$work/out"
check 'a closed stderr does no harm' test $? -eq 0

# help
for command in train resume eval envs info trace new-env check-env; do
	succeeds "$command has help" "$command" --help
	check '... that shows how it is used' grep -q "^usage: bern $command" "$work/out"
	check '... with examples before the flags' test \
		"$(grep -n '^examples' "$work/out" | cut -d: -f1)" -lt "$(grep -n '^flags' "$work/out" | cut -d: -f1)"
	check '... in lines of at most 80 columns' test -z "$(awk 'length > 80' "$work/out" | grep -v '^usage')"
	cp "$work/out" "$work/help"
	succeeds "-h is the same" "$command" -h
	check '... indeed' cmp -s "$work/help" "$work/out"
	succeeds "help $command is the same" help "$command"
	check '... indeed' cmp -s "$work/help" "$work/out"
	bern --help
	says "$command"
done

# every key of the printed configuration is an option of the help
bern train --help
cp "$work/out" "$work/help"
bern train CartPole-v1 --print-config
sed -n '/^train:/,$ s/^  \([a-z_]*\): .*/\1/p' "$work/out" | grep -v '^recipe$' | tr _ - >"$work/keys"
check 'there are keys' test "$(wc -l <"$work/keys")" -gt 40
while read -r key; do
	grep -qE -- "--(\[no-\])?$key( |\$)" "$work/help" || echo "$key"
done <"$work/keys" >"$work/missing"
check 'every key is in the help' test ! -s "$work/missing"

# version
succeeds 'the version is told' --version
check '... in its first line' test "$(head -n 1 "$work/out")" = "bern $VERSION"
says 'plugin ABI  1'
says 'commit'
says 'compiler'

# environments
succeeds 'environments are listed' envs
says 'CartPole-v1'
succeeds 'and as JSON' envs --json
check '... one object a line' test "$(grep -c '^{.*}$' "$work/out")" -eq "$(wc -l <"$work/out")"
check '... as many as in the table' test "$("$BERN" envs | wc -l)" -eq $(($(wc -l <"$work/out") + 1))
for id in $("$BERN" envs | awk 'NR > 1 { print $1 }'); do
	succeeds "info $id" info "$id"
	says 'observation'
	succeeds "info $id --json" info "$id" --json
	check '... is one line' test "$(wc -l <"$work/out")" -eq 1
	if command -v python3 >/dev/null; then
		check '... of JSON' python3 -c 'import json, sys; json.load(open(sys.argv[1]))["parameters"]' "$work/out"
	fi
done
succeeds 'a parameter changes what is told' info CartPole-v1 --set env.max_steps=77
says 'time limit    77 steps'

finish
