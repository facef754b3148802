# Ranks as a user meets them: the run of one process, whatever their number; a rank that dies, signals, seeds, and what is refused.
. "${0%/*}/lib.sh"

# without mpirun: a process that one of them started must not believe that it is alone
started() { # RANK ARGUMENT...
	rank=$1
	shift
	OMPI_COMM_WORLD_RANK=$rank OMPI_COMM_WORLD_SIZE=2 "$BERN_ELSEWHERE" "$@" >"$work/out" 2>"$work/err"
	status=$?
}
mkdir "$work/elsewhere"
cp "$BERN" "$work/elsewhere/bern"
BERN_ELSEWHERE=$work/elsewhere/bern
started 0 train CartPole-v1
check 'without the module it does not train beside another' test "$status" -ne 0 -a ! -e runs
check '... and says why in one line' test "$(grep -c '^bern: train: 2 processes were started by mpirun: ' "$work/err")" -eq 1 -a "$(wc -l <"$work/err")" -eq 1
started 1 train CartPole-v1
check '... once, not in each of them' test "$status" -ne 0 -a ! -s "$work/err"

case " $FEATURES " in
*" mpi "*) ;;
*)
	skip 'ranks train as one process does' 'this bern was built without the Meson feature `mpi`'
	finish
	;;
esac
if ! command -v mpirun >"$work/null"; then
	skip 'ranks train as one process does' 'there is no mpirun (Debian: openmpi-bin)'
	finish
fi
# as many ranks as are wanted, wherever, by whomever
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
# Open MPI gives not all back that it took, in libraries that are gone when leaks are looked for
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0"
export OMPI_MCA_hwloc_base_binding_policy=none TMPDIR="$work"

# in FOLDER COMMAND...: runs it there, so that configurations are alike to the letter; $status, $work/out, $work/err
in_folder() {
	mkdir -p "$1"
	(cd "$1" && shift && exec "$@") >"$work/out" 2>"$work/err" </dev/null
	status=$?
}

# same NAME FOLDER FOLDER: checkpoints bit for bit, logs but for their times
same() {
	differ=$(cd "$2/runs/x" && for file in checkpoints/* eval.csv config.yaml; do
		cmp "$file" "../../../$3/runs/x/$file" 2>&1
	done)
	for folder in "$2" "$3"; do
		sed 1d "$folder/runs/x/monitor.csv" | cut -d, -f1,2
		cut -d, -f1,2,5- "$folder/runs/x/progress.csv"
		ls "$folder/runs/x/checkpoints"
		readlink "$folder/runs/x/latest" "$folder/runs/x/best"
	done >"$work/both"
	lines=$(wc -l <"$work/both")
	head -n $((lines / 2)) "$work/both" >"$work/first"
	tail -n $((lines / 2)) "$work/both" >"$work/second"
	if [ "$status" -ne 0 ] || [ -n "$differ" ] || ! cmp -s "$work/first" "$work/second"; then
		not_ok "$1" "status $status; $(cat "$work/err"); $differ $(diff "$work/first" "$work/second" | head -4)"
	else
		ok "$1"
	fi
}

common="--recipe none --name x --quiet --eval-interval 4000 --eval-episodes 5 --checkpoint-interval 3000 --log-interval 2000
	--final-episodes 3"
paths="rows:2,4:--num-envs|100|--hidden|24,16|--firings|4|--entropy-coef|0.01
firings:2:--num-envs|64|--hidden|20|--firings|16
lanes:4:--num-envs|130|--hidden|20,12|--firings|1"
for path in $paths; do
	name=${path%%:*}
	path=${path#*:}
	options="train CartPole-v1 $common --total-timesteps 9000 $(echo "${path#*:}" | tr '|' ' ')"
	# shellcheck disable=SC2086
	in_folder "$name-1" "$BERN" $options
	for ranks in $(echo "${path%%:*}" | tr , ' '); do
		# shellcheck disable=SC2086
		in_folder "$name-$ranks" mpirun -n $ranks "$BERN" $options
		same "$name: $ranks ranks leave what one process leaves" "$name-1" "$name-$ranks"
	done
	# shellcheck disable=SC2086
	in_folder "$name-t" "$BERN" $options --threads 2
	check "... and two threads" cmp -s "$name-1/runs/x/eval.csv" "$name-t/runs/x/eval.csv"
done
# shellcheck disable=SC2086
in_folder few-1 "$BERN" train CartPole-v1 $common --total-timesteps 3000 --num-envs 20 --threads 2
# shellcheck disable=SC2086
in_folder few-3 mpirun -n 3 "$BERN" train CartPole-v1 $common --total-timesteps 3000 --num-envs 20 --threads 2
same 'a rank without a tile of lanes has nothing to do, and no harm is done' few-1 few-3

# resumed elsewhere; what was saved before tells of the shorter run
forget() { # FOLDER
	rm -f "$1"/runs/x/checkpoints/step_00000[0-5]*
}
options="train CartPole-v1 $common --num-envs 64 --firings 1 --hidden 16"
# shellcheck disable=SC2086
in_folder whole "$BERN" $options --total-timesteps 11000
# shellcheck disable=SC2086
in_folder half mpirun -n 4 "$BERN" $options --total-timesteps 6000
in_folder half "$BERN" resume runs/x --total-timesteps 11000 --quiet
forget whole
forget half
same 'what 4 ranks began one process ends' whole half
# shellcheck disable=SC2086
in_folder again "$BERN" $options --total-timesteps 6000
in_folder again mpirun -n 2 "$BERN" resume runs/x --total-timesteps 11000 --quiet
forget again
same 'what one process began 2 ranks end' whole again

# a rank that dies; each tells its process first
options="train CartPole-v1 --recipe none --name x --quiet --num-envs 48 --eval-interval 0 --final-episodes 0"
# shellcheck disable=SC2016
tells='echo $$ >pid.$OMPI_COMM_WORLD_RANK; exec "$@"'
mkdir killed
cd killed || exit 1
# shellcheck disable=SC2086
mpirun -n 3 sh -c "$tells" sh "$BERN" $options --total-timesteps 1e9 --checkpoint-interval 2000 >"$work/out" 2>"$work/err" &
all=$!
waited=0
while [ ! -e runs/x/latest ] && [ $waited -lt 300 ]; do
	sleep 0.1
	waited=$((waited + 1))
done
kill -9 "$(cat pid.1)"
wait $all
status=$?
cd ..
check 'a rank that dies ends the run' test "$status" -ne 0
alive() { kill -0 "$(cat killed/pid.0)" 2>"$work/null" || kill -0 "$(cat killed/pid.2)" 2>"$work/null"; }
waited=0
while alive && [ $waited -lt 100 ]; do
	sleep 0.1
	waited=$((waited + 1))
done
check '... in all ranks' test $waited -lt 100
step=$(readlink killed/runs/x/latest | sed 's/.*step_0*//; s/\..*//')
in_folder killed mpirun -n 2 "$BERN" resume runs/x --total-timesteps $((step + 4000)) --quiet
check '... and it is resumed from the last checkpoint' test "$status" -eq 0
# shellcheck disable=SC2086
in_folder unharmed "$BERN" $options --total-timesteps $((step + 4000)) --checkpoint-interval 2000
last=$(readlink killed/runs/x/latest)
check '... to the same bits' cmp -s "killed/runs/x/$last" "unharmed/runs/x/$last"

# a signal
mkdir told
cd told || exit 1
# shellcheck disable=SC2086
mpirun -n 2 "$BERN" $options --total-timesteps 1e9 --checkpoint-interval 1000 >"$work/out" 2>"$work/err" &
all=$!
waited=0
while [ ! -e runs/x/latest ] && [ $waited -lt 300 ]; do
	sleep 0.1
	waited=$((waited + 1))
done
kill -TERM $all
wait $all
status=$?
cd ..
check 'SIGTERM to mpirun ends the run' test "$status" -ne 0
check '... in order' grep -q '"exit": "interrupted"' told/runs/x/meta.json
step=$(readlink told/runs/x/latest | sed 's/.*step_0*//; s/\..*//')
check '... with a checkpoint' grep -q "\"last_step\": $step" told/runs/x/meta.json

# what goes wrong is said once
says_once() { # NAME WORDS
	if [ "$status" -eq 0 ] || [ "$(grep -c '^bern: ' "$work/err")" -ne 1 ] || ! grep '^bern: ' "$work/err" | grep -q "$2"; then
		not_ok "$1" "status $status: $(cat "$work/err")"
	else
		ok "$1"
	fi
}
in_folder bad mpirun -n 2 "$BERN" train CartPole-v1 --normalize-observations
says_once 'what sees all lanes is refused' 'normalize_observations: .*several ranks'
in_folder bad mpirun -n 1 "$BERN" train CartPole-v1 : -n 1 "$BERN" train CartPole-v1 --learning-rate 0.5
says_once 'ranks that were told different things are refused' 'rank 1: its configuration is not that of rank 0'
in_folder bad mpirun -n 1 "$BERN" train CartPole-v1 --seeds 2 : -n 1 "$BERN" train CartPole-v1 --seeds 2 --learning-rate 0.5
says_once '... where they share seeds, too' 'rank 1: its configuration is not that of rank 0'
in_folder bad mpirun -n 1 "$BERN" train CartPole-v1 --seeds 2 : -n 1 "$BERN" train CartPole-v1 --seeds 3
says_once '... and where these are not the same' 'rank 1: its list of seeds is not that of rank 0'
in_folder bad mpirun -n 2 "$BERN" resume nowhere
says_once 'a run that is not there is told of once' nowhere
check '... and no run folder is made' test ! -e bad/runs

# seeds
seeds="train CartPole-v1 --recipe none --seeds 3 --jobs 1 --num-envs 16 --total-timesteps 3000 --final-episodes 0 --name x --quiet"
# shellcheck disable=SC2086
in_folder seeds-1 "$BERN" $seeds
# shellcheck disable=SC2086
in_folder seeds-2 mpirun -n 2 "$BERN" $seeds
differ=$(cd seeds-1/runs/x && for file in s?/checkpoints/*; do cmp "$file" "../../../seeds-2/runs/x/$file" 2>&1; done)
check 'ranks share seeds' test "$status" -eq 0 -a -z "$differ" -a "$(ls -d seeds-2/runs/x/s? | wc -l)" -eq 3

# sweeps
cat >"$work/few.yaml" <<'END'
recipe: CartPole-v1
configurations: 3
seeds: 2
finalists: 1
final_seeds: 2
method: random
budget: 300
base: {eval_interval: 0, stop_looks: 0, final_episodes: 5}
space:
  learning_rate: {log_uniform: [0.003, 0.1]}
END
in_folder sweep-1 "$BERN" sweep "$work/few.yaml" --out sweep --jobs 1
in_folder sweep-2 mpirun -n 2 "$BERN" sweep "$work/few.yaml" --out sweep --jobs 1
check 'ranks share the trainings of a sweep' test "$status" -eq 0
check '... to the same ranking' cmp -s sweep-1/sweep/ranking.csv sweep-2/sweep/ranking.csv
finish
