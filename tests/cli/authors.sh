# What authors of environments use: check-env finds each planted sin and says where; new-env writes all or nothing.
# $SINNER is a plugin with a parameter that says what it does wrong.
. "${0%/*}/lib.sh"

finds() { # SIN CHECK WORDS [ARGUMENT...]: exit status 1, that check among the failed, a line that holds each of the words
	finds_name="the sin '$1' is found by $2"
	finds_sin=$1 finds_check=$2 finds_words=$3
	shift 3
	bern check-env "$SINNER" --seed 3 --steps 2000 --set "env.sin=$finds_sin" "$@"
	missing=$(printf '%s' "$finds_words" | tr '|' '\n' | while IFS= read -r word || [ -n "$word" ]; do
		tr '\n' ' ' <"$work/out" | tr -s ' ' | grep -qF -- "$word" || printf "'%s' " "$word"
	done)
	if [ "$status" -ne 1 ]; then
		not_ok "$finds_name" "status $status: $(cat "$work/err")"
	elif ! grep -q "^  FAILED  *$finds_check " "$work/out" || [ -n "$missing" ]; then
		not_ok "$finds_name" "missing $missing: $(cat "$work/out")"
	else
		ok "$finds_name"
	fi
}

# ---- check-env

succeeds 'nothing is wrong with the smallest plugin' check-env "$PLUGIN" --steps 2000
says ' ok           repeat '
says ' not checked  draw         it has no draw()'
says '0 failed'
check '... and nothing is said to have failed' test "$(grep -c FAILED "$work/out")" -eq 0
succeeds 'nor with the sinner when it does not sin' check-env "$SINNER" --steps 2000
for id in $("$BERN" envs | awk 'NR > 1 { print $1 }'); do
	succeeds "nothing is wrong with $id" check-env "$id" --steps 500
done
finds counts repeat 'seed 3, episode 0, step 1: reward is not what it was|Often: a static variable'
check '... and what to mend first' grep -q 'mend it first' "$work/out"
finds points clone 'seed 3, episode 0, step 4: reward is not what it was|Often: the state holds a pointer'
finds overruns buffers "step 31: observe wrote outside the observation's 8 bytes"
finds leaves observation 'seed 3|step 31'
finds pays-nan outcome 'step 31: the reward is nan'
finds aborts returns 'seed 3, episode|step 31: it crashed with signal 6|in step'
check '... and says what was not reached' grep -q '^  not checked  repeat  *the process ended' "$work/out"
finds exits returns 'step 31: it ended the process with exit status 0 in step'
finds hangs returns 'step 31: it did not come back within 4 s of processor time in step|a longer --time-limit' --time-limit 4
check '... where it is, is told before it is ended' grep -q '^bern: check-env: after 2 s in step of seed 3, episode [0-9]*, step 31; ends after 4 s' "$work/err"
check '... and the line that shows it again ends it as soon' grep -q '^again: .* --time-limit 4' "$work/out"
bern check-env "$SINNER" --seed 3 --set env.sin=hangs --time-limit 3 -q
check '-q: not before' test ! -s "$work/err"
finds prints silent 'which begin with: x is'
finds warns silent 'which begin with: x is odd'
check 'how to see it again is told' grep -q '^again: .* check-env .* --seed 3 --steps 2000 --set env.sin=warns' "$work/out"
bern check-env "$SINNER" --json --set env.sin=aborts
check '--json fails too' test "$status" -eq 1
check '... in one line' test "$(wc -l <"$work/out")" -eq 1
check '... and says so' grep -q '"passed":false,.*"name":"returns",[^}]*"result":"failed","sentence":"seed 0' "$work/out"
succeeds '--json of a good one' check-env "$PLUGIN" --json
check '... says so' grep -q '"passed":true' "$work/out"
if command -v python3 >/dev/null; then
	check '... in JSON' python3 -c 'import json, sys; json.load(open(sys.argv[1]))["checks"][0]["promise"]' "$work/out"
fi
refuses 2 'which environment?|usage' check-env
refuses 2 'CartPol-v1|did you mean' check-env CartPol-v1
refuses 1 'bern_plugin_1' check-env "$NO_PLUGIN"
refuses 1 'nowhere.so' check-env ./nowhere.so
refuses 2 'env.gravity|-3' check-env CartPole-v1 --set env.gravity=-3
refuses 2 '--steps|0' check-env CartPole-v1 --steps 0
refuses 2 '--time-limit|0' check-env CartPole-v1 --time-limit 0
refuses 2 'too many' check-env CartPole-v1 CartPole-v0
mkdir "$work/data" "$work/data/bern" "$work/data/bern/envs-1"
printf 'words\n' >"$work/data/bern/envs-1/words.so"
XDG_DATA_HOME=$work/data "$BERN" check-env CartPole-v1 --steps 100 >"$work/out" 2>"$work/err"
check 'a bad plugin on the search path is no sin of this one' test $? -eq 0

# ---- new-env

succeeds 'a folder is made' new-env my_env
check '... with three files' test "$(ls -A my_env | tr '\n' ' ')" = 'README.md env.c meson.build '
check '... and nothing else' test "$(ls -A | tr '\n' ' ')" = 'my_env '
check '... for others to read as the mask says' test "$(ls -ld my_env | cut -c 2-10)" = "$(mkdir -p ../there/x; ls -ld ../there/x | cut -c 2-10)"
check '... with the id' grep -q '\.id = "MyEnv-v0"' my_env/env.c
check '... and no mark left' test -z "$(grep -h '@[A-Z_]*@' my_env/*)"
check 'the environment is about 60 lines' test "$(grep -c . my_env/env.c)" -le 70
succeeds 'elsewhere' new-env me/Hover-v12 --dir ../there
check '... with namespace and version' grep -q '\.id = "me/Hover-v12"' ../there/Hover/env.c
refuses 1 'my_env|there already' new-env my_env
refuses 1 'my_env|there already' new-env other/my_env-v3
: >file
refuses 1 'file|there already' new-env file
ln -s nowhere link
refuses 1 'link|there already' new-env link
mkdir empty
refuses 1 'empty|there already' new-env empty
for bad in '' 9env my-env 'my env' a/b/c /x x/ ../x . x.c 'x;y' "x'" x-v x-v01 -- "$(printf 'a\nb')" \
	aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; do
	[ "$bad" = -- ] && continue
	refuses 2 'name' new-env "$bad"
done
refuses 2 'CartPole-v1|built in' new-env CartPole-v1
refuses 2 'CartPole-v1|built in' new-env cart_pole-v1
refuses 2 'which name?|usage' new-env
refuses 2 'too many' new-env a b
refuses 1 'nowhere|No such file' new-env x --dir nowhere
refuses 1 'file|Not a directory' new-env x --dir file
refuses 2 '--dir' new-env x --dir ''
long=$(printf '%05000d' 0)
refuses 2 'longer' new-env x --dir "$long"
if [ "$(id -u)" -eq 0 ]; then
	skip 'a folder that may not be written is refused' 'root may write everywhere'
else
	mkdir closed
	chmod a-w closed
	refuses 1 'closed|Permission' new-env x --dir closed
fi

finish
