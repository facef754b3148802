# --isolate: the same results from a process of its own, and a sentence and a safe run for whatever becomes of that process.
# $SINNER breaks one promise at a time, at its second episode's step 31 at the earliest.
. "${0%/*}/lib.sh"

# the same bits
bern trace CartPole-v1 --seed 3 --episodes 3 --state
cp "$work/out" plain.tsv
succeeds 'trace runs it in a process of its own' trace CartPole-v1 --seed 3 --episodes 3 --state --isolate --quiet
check '... to the same table' cmp -s plain.tsv "$work/out"
short='--total-timesteps 800 --eval-interval 400 --eval-episodes 3 --final-episodes 3 --stop-looks 0 --checkpoint-interval 400 --quiet'
# shellcheck disable=SC2086
{
	succeeds 'train without' train FrozenLake-v1 $short --runs-dir a --name one
	mkdir b
	(cd b && bern train FrozenLake-v1 $short --runs-dir a --name one --isolate; exit "$status")
	check 'train with it' test $? -eq 0
}
check '... to the same checkpoint' cmp -s a/one/latest b/a/one/latest
check '... and the same best one' cmp -s a/one/best b/a/one/best
bern eval a/one --episodes 5 --json
sed 's/"seconds":[^,}]*//' "$work/out" >plain.json
bern eval a/one --episodes 5 --json --isolate -q
sed 's/"seconds":[^,}]*//' "$work/out" >isolated.json
check 'eval gives the same numbers' cmp -s plain.json isolated.json
succeeds 'resume takes it too' resume a/one --total-timesteps 1200 --isolate --quiet
succeeds '... and without' resume b/a/one --total-timesteps 1200 --quiet
check '... to the same checkpoint' cmp -s a/one/latest b/a/one/latest

# what ends it
ends() { # SIN WORDS ARGUMENT...: training dies of that sin with status 1 and one line; the checkpoint before it can be evaluated
	sin=$1
	want=$2
	shift 2
	# shellcheck disable=SC2086
	bern train "$SINNER" --set env.sin="$sin" --name "$sin" --total-timesteps 3000 --num-envs 2 --checkpoint-interval 20 \
		--eval-interval 0 --final-episodes 0 --quiet --isolate "$@"
	check "$sin: the run fails" test "$status" -eq 1
	check "... with one line" test "$(wc -l <"$work/err")" -eq 1
	missing=$(printf '%s' "$want|Sinner-v0: lane |of seed 1, episode |, step |step()|the last good checkpoint is runs/$sin/" |
		tr '|' '\n' | while IFS= read -r word || [ -n "$word" ]; do
		grep -qF -- "$word" "$work/err" || printf "'%s' " "$word"
	done)
	check "... that says so: $(tr '#' '?' <"$work/err")" test -z "$missing"
	succeeds "... which is good" eval "runs/$sin" --env-path "$SINNER" --episodes 1 --quiet
}
ends aborts 'crashed with signal 6'
ends exits 'ended its process with exit status 0'
ends hangs 'did not come back within 0.5 s' --isolate-seconds 0.5
# a number that breaks learning, with and without a process of its own
for flag in '' --isolate; do
	# shellcheck disable=SC2086
	bern train "$SINNER" --set env.sin=pays-much --name much --force --total-timesteps 3000 --num-envs 2 \
		--checkpoint-interval 20 --eval-interval 0 --final-episodes 0 --quiet $flag
	check "an explosion ends the run${flag:+ with $flag}" test "$status" -eq 1
	for word in 'became ' ', beyond 1e+' 'at step ' '(update ' 'smaller rewards' 'the last good checkpoint is runs/much/'; do
		check "... says $word" grep -qF -- "$word" "$work/err"
	done
	succeeds '... which is good' eval runs/much --env-path "$SINNER" --episodes 1 --quiet
	check '... and so says the run folder' grep -q '"exit": *"failed' runs/much/meta.json
done

# the flags
refuses 2 '--isolate takes no value' train CartPole-v1 --isolate=yes
refuses 2 '--isolate-seconds|ten' train CartPole-v1 --isolate-seconds ten
refuses 2 '--isolate-seconds|-1' trace CartPole-v1 --isolate-seconds=-1
refuses 2 '--isolate-memory|1.5' eval run --isolate-memory 1.5
for command in train eval resume trace; do
	succeeds "$command --help" "$command" --help
	says '--isolate-seconds'
done
if "$BERN" --version | grep -q '^features.*seccomp'; then
	bern trace CartPole-v1 --isolate
	check 'files and sockets are closed to it: nothing is said' test ! -s "$work/err"
else
	bern trace CartPole-v1 --isolate
	check 'without libseccomp that is said' grep -q 'built without libseccomp' "$work/err"
fi
finish
