# Where plugins are searched, what is said of those that cannot be used, and libraries named in place of an id.
# $PLUGIN is a good one with one environment; $NO_PLUGIN a library that is none.
. "${0%/*}/lib.sh"

id=$("$BERN" info "$PLUGIN" | head -n 1)
check 'a library may stand for its environment' test -n "$id"
succeeds 'it can be trained on' train "$PLUGIN" --print-config --recipe none
says "id: $id"
succeeds 'by name too' train "$PLUGIN:$id" --print-config --recipe none
refuses 2 'Other-v0' info "$PLUGIN:Other-v0"
refuses 2 'CartPole-v1' info "$PLUGIN:CartPole-v1"
refuses 1 'nowhere.so' info ./nowhere.so
refuses 1 'bern_plugin_1' info "$NO_PLUGIN"
printf 'words\n' >"$work/there/words.so"
refuses 1 'words.so' info ../there/words.so

# never the current folder
cp "$PLUGIN" mine.so
refuses 2 "$id" info "$id"

# each place that is searched
succeeds '--env-path takes a library' info "$id" --env-path "$PLUGIN"
succeeds '--env-path takes a folder' info "$id" --env-path .
succeeds 'the same place twice is no duplicate' info "$id" --env-path . --env-path "$work/here" --env-path ./mine.so
BERN_ENV_PATH=$work/nowhere::$work/here
export BERN_ENV_PATH
succeeds 'a folder of BERN_ENV_PATH' info "$id"
BERN_ENV_PATH=::
refuses 2 "$id" info "$id"
unset BERN_ENV_PATH
mkdir -p "$HOME/.local/share/bern/envs-1" "$work/data/bern/envs-1"
cp "$PLUGIN" "$HOME/.local/share/bern/envs-1"
succeeds 'the home folder' info "$id"
rm "$HOME/.local/share/bern/envs-1"/*
cp "$PLUGIN" "$work/data/bern/envs-1/p.so"
XDG_DATA_HOME=$work/data
export XDG_DATA_HOME
succeeds 'the XDG data home' info "$id"
XDG_DATA_HOME=../data
refuses 2 "$id" info "$id"
XDG_DATA_HOME=$work/data

# what cannot be used
refuses 1 '--env-path|nowhere' envs --env-path nowhere
refuses 1 '--env-path|words.so' envs --env-path ../there
refuses 1 '--env-path|words.so' train CartPole-v1 --env-path ../there/words.so
cp "$PLUGIN" "$work/there/again.so"
rm "$work/there/words.so"
refuses 1 "$id|mine.so|again.so" envs --env-path . --env-path ../there
bern info ../there/again.so
check 'a library that is named goes before one that was found' test "$status" -eq 0
says 'origin        ../there/again.so'
check '... and that is told' grep -q "^bern: left out $work/data/bern/envs-1/p.so: " "$work/err"
bern info "../there/again.so:$id"
check '... with the id too' test "$status" -eq 0
bern info ../there/again.so --env-path mine.so
check 'but not before another that was named' test "$status" -eq 1
check '... which is said' grep -q "^bern: info: $id: it is in mine.so and in ../there/again.so" "$work/err"
printf 'words\n' >"$work/data/bern/envs-1/words.so"
bern info CartPole-v1
check 'a bad library on the way is no reason to stop' test "$status" -eq 0
check '... and is told in one line' test "$(grep -c '^bern: left out .*words.so' "$work/err")" -eq 1
succeeds '--paths tells all' envs --paths
says 'built in'
says "loaded        $work/data/bern/envs-1/p.so"
says "failed        $work/data/bern/envs-1/words.so"
succeeds '--paths goes on where what was given cannot be used' envs --paths --env-path nowhere --env-path ../there
says "--env-path      nowhere (not there)"
says 'loaded        ../there/again.so'
says "failed        $work/data/bern/envs-1/words.so"
bern envs --json
check '--json tells where from' grep -qF "\"origin\":\"$work/data/bern/envs-1/p.so\"" "$work/out"

finish
