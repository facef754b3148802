# Training, evaluating, resuming: what a user sees, and what is left in the folder.
. "${0%/*}/lib.sh"

# value KEY: the first word that the last output tells of it
value() {
	sed -n "s/^$1  *\([^ ,]*\).*/\1/p" "$work/out" | head -n 1
}

same_run() { # NAME FOLDER FOLDER: what two runs left is the same, but for clocks
	same_why=
	for file in latest best eval.csv; do
		[ -e "$2/$file" ] || [ -e "$3/$file" ] || continue
		# the best look may be older than a longer run was thought of, and its file says how long it was to be then
		LC_ALL=C sed 's/total_timesteps: [0-9]*//' "$2/$file" >"$work/a"
		LC_ALL=C sed 's/total_timesteps: [0-9]*//' "$3/$file" >"$work/b"
		cmp -s "$work/a" "$work/b" || same_why="$same_why $file"
	done
	# but for the clocks
	for file in "progress.csv 1,2,5-" "monitor.csv 1,2"; do
		tail -n +2 "$2/${file% *}" | cut -d, -f"${file#* }" >"$work/a"
		tail -n +2 "$3/${file% *}" | cut -d, -f"${file#* }" >"$work/b"
		cmp -s "$work/a" "$work/b" || same_why="$same_why ${file% *}"
	done
	[ "$(readlink "$2/latest")" = "$(readlink "$3/latest")" ] || same_why="$same_why latest"
	if [ -z "$same_why" ]; then ok "$1"; else not_ok "$1" "different:$same_why"; fi
}

# stopped STATUS NAME SIGNAL SECONDS ARGUMENT...: what bern does when that signal comes after so long
stopped() {
	stopped_want=$1 stopped_name=$2 stopped_signal=$3 stopped_after=$4
	shift 4
	# --foreground: otherwise the signal comes twice, and the second one means "at once"
	timeout --foreground -s "$stopped_signal" --preserve-status "$stopped_after" "$BERN" "$@" >"$work/out" 2>"$work/err" </dev/null
	status=$?
	if [ "$status" -eq "$stopped_want" ]; then ok "$stopped_name"; else
		not_ok "$stopped_name" "status $status, not $stopped_want: $(cat "$work/err")"
	fi
}

tells() { # TEXT: stderr holds it
	if grep -qF -- "$1" "$work/err"; then ok "... tells $1"; else
		not_ok "... tells $1" "it tells: $(head -c 2000 "$work/err")"
	fi
}

# ---- a whole run

small='--total-timesteps 3000 --stop-looks 0 --eval-episodes 10 --final-episodes 20'
succeeds 'a run from nothing' train CartPole-v1 $small --seed 5
run=$(value run)
for key in run steps seconds steps_per_second solved return next; do
	check "... says $key" test -n "$(value $key)"
done
case $run in
runs/CartPole-v1__reinforce__s5__[0-9]*-[0-9]*) ok 'the folder is named after the run' ;;
*) not_ok 'the folder is named after the run' "$run" ;;
esac
for file in config.yaml meta.json progress.csv eval.csv monitor.csv latest best; do
	check "there is $file" test -s "$run/$file"
done
check 'nothing else is left' test "$(ls -A "$run" | wc -l)" -eq 8
mean=$(value return)
seed=$(sed -n 's/^return .*(seed \([0-9]*\)).*/\1/p' "$work/out")
succeeds 'the evaluation is had again' eval "$run" --episodes 20 --seed "$seed"
check '... to the last digit' test "$(value return)" = "$mean"
succeeds 'and once more' eval "$run/" --episodes 20 --seed "$seed" --json
check '... as one line of JSON' test "$(wc -l <"$work/out")" -eq 1
says '"episodes":20'
succeeds 'of a file' eval "$run/$(readlink "$run/best")" --episodes 20 --seed "$seed"
check '... to the last digit' test "$(value return)" = "$mean"
for policy in mean-field thresholded; do
	succeeds "the policy $policy" eval "$run" --episodes 5 --policy $policy
	says "$policy policy"
done
bern eval "$run" --episodes 5 --min-return 501
check 'a mean below --min-return is status 3' test "$status" -eq 3
tells 'below --min-return 501'
succeeds 'a mean above it is not' eval "$run" --episodes 5 --min-return 1
cp "$run/config.yaml" "$work/config.yaml"
succeeds 'the configuration of the run can be given again' train --config "$work/config.yaml" --print-config
check '... to the letter' cmp -s "$work/out" "$work/config.yaml"
succeeds 'a finished run says so' resume "$run"
says 'is finished'
says '--total-timesteps'
refuses 2 '--total-timesteps 2000|3000' resume "$run" --total-timesteps 2000
succeeds 'asked for the steps it has it says so too' resume "$run" --total-timesteps 3000
says 'is finished'
succeeds 'a return to be solved from without stopping' train CartPole-v1 $small --stop-return 3
says 'yes: the mean of the evaluation is at least 3'
succeeds 'a run that stops early' train CartPole-v1 $small --stop-return 1 --stop-looks 1 --name early -q
succeeds '... is finished' resume runs/early
says 'it stopped as solved'
succeeds '... and makes all its steps when asked to' resume runs/early --total-timesteps 3000 --json
says '"end":"steps","steps":30'
says '"solved":true,"solved_step":504'
succeeds '... that it was solved is not forgotten' runs show runs/early
check '... nor where' grep -q '^solved_step  *504$' "$work/out"
succeeds 'told again when there is nothing to do' resume runs/early --json
says '"solved_step":504'
succeeds 'quiet' train CartPole-v1 $small -q
check '... is quiet' test ! -s "$work/out"
bern train CartPole-v1 $small -v
check 'a line for each look with -v' test "$(grep -c '^bern: train: look at step' "$work/err")" -eq 6
succeeds 'JSON' train CartPole-v1 $small --json
check '... is one line' test "$(wc -l <"$work/out")" -eq 1
says '"end":"steps"'

# ---- folders that are there

succeeds 'a name' train CartPole-v1 $small --name mine -q
refuses 1 'runs/mine exists|--name|--force' train CartPole-v1 $small --name mine
succeeds 'force' train CartPole-v1 $small --name mine --force -q
: >file
refuses 1 'file' train CartPole-v1 $small --runs-dir file
refuses 1 'file/runs' train CartPole-v1 $small --runs-dir file/runs
if [ "$(id -u)" -ne 0 ]; then
	mkdir locked && chmod a-w locked
	refuses 1 'locked' train CartPole-v1 $small --runs-dir locked
else
	skip 'a folder that may not be written' 'root may'
fi

# ---- resuming

# each agent trains to 2,000 steps and on to 4,000, and once to 4,000 straight
resumes() { # AGENT ENV OPTIONS...
	resumes_agent=$1
	shift
	(cd ../there && "$BERN" train "$@" --agent "$resumes_agent" --name "$resumes_agent" --total-timesteps 4000 -q)
	bern train "$@" --agent "$resumes_agent" --name "$resumes_agent" --total-timesteps 2000 -q
	bern resume "runs/$resumes_agent" --total-timesteps 4000 -q
	check "$resumes_agent goes on" test "$status" -eq 0
	same_run "$resumes_agent comes to the same bits" "runs/$resumes_agent" "../there/runs/$resumes_agent"
}
looks='--eval-interval 700 --eval-episodes 5 --log-interval 300 --stop-looks 0 --final-episodes 0'
resumes reinforce CartPole-v1 $looks --hidden 16,8 --normalize-observations
resumes ase-ace CartPole-v1 $looks
resumes q-learning FrozenLake-v1 $looks --num-envs 3
resumes sarsa CliffWalking-v1 $looks
resumes gradient-bandit GaussianBandit-v0 $looks --num-envs 2
resumes thompson BernoulliBandit-v0 $looks
for optimizer in sgd rmsprop; do
	mv runs/reinforce "runs/before-$optimizer"
	mv ../there/runs/reinforce "../there/runs/before-$optimizer"
	# without schedules: a run that is made longer after all has gone by other ones up to then
	resumes reinforce FourRooms-v0 $looks --optimizer $optimizer --baseline linear --num-envs 4 --advantage-scale running \
		--schedule constant --entropy-schedule constant
done

# ---- stopped on the way

endless='--stop-looks 0 --eval-interval 0 --final-episodes 3 --name long'
stopped 130 'Ctrl-C' INT 0.3 train CartPole-v1 $endless --total-timesteps 1000000000
tells 'bern resume runs/long` goes on from there'
check '... with a checkpoint' test -s runs/long/latest
step=$(sed -n 's/.*at step \([0-9]*\),.*/\1/p' "$work/err")
succeeds 'resumed' resume runs/long --total-timesteps $((step + 3000)) -q
(cd ../there && "$BERN" train CartPole-v1 $endless --total-timesteps $((step + 3000)) -q)
same_run 'it comes to the same bits' runs/long ../there/runs/long
stopped 130 'Ctrl-C with an environment in a process of its own' INT 0.3 train CartPole-v1 $endless --force --isolate \
	--total-timesteps 1000000000
check '... with a checkpoint' test -s runs/long/latest
stopped 130 'an end asked for by the system' TERM 0.3 train CartPole-v1 $endless --force --total-timesteps 1000000000
stopped 130 'resumed and stopped again' INT 0.3 resume runs/long
stopped 137 'a kill' KILL 0.5 train CartPole-v1 $endless --force --checkpoint-interval 1000 --keep-checkpoints 2 \
	--total-timesteps 1000000000
check '... leaves at most two checkpoints' test "$(ls runs/long/checkpoints | wc -l)" -le 3
step=$(readlink runs/long/latest | sed 's/.*step_0*\([0-9]*\)\..*/\1/')
succeeds 'resumed' resume runs/long --total-timesteps $((step + 3000)) -q
rm -r ../there/runs/long
(cd ../there && "$BERN" train CartPole-v1 $endless --checkpoint-interval 1000 --keep-checkpoints 2 \
	--total-timesteps $((step + 3000)) -q)
same_run 'it comes to the same bits' runs/long ../there/runs/long

# ---- disks and pipes

bern_full() {
	"$BERN" train CartPole-v1 $small --name full >/dev/full 2>"$work/err"
	test $? -eq 1
}
check 'a full stdout is a failure' bern_full
tells 'standard output'
check '... that costs no checkpoint' test -s runs/full/latest
limited() {
	(ulimit -f 64 && exec "$BERN" train CartPole-v1 --name limited --stop-looks 0 --eval-interval 0 --log-interval 1 \
		--checkpoint-interval 100 --total-timesteps 100000) >"$work/out" 2>"$work/err"
	test $? -eq 1 && test "$(wc -l <"$work/err")" -eq 1
}
check 'a full disk is one sentence' limited
tells 'the last good checkpoint is runs/limited/checkpoints/step_'
for file in runs/limited/*.csv; do
	check "${file##*/} ends in a whole row" test -z "$(tail -c 1 "$file")"
done
succeeds '... and the checkpoint is whole' eval runs/limited --episodes 2

# ---- what cannot be read

refuses 1 'nothing' eval nothing
refuses 1 'nothing' resume nothing
refuses 1 'file' resume file
refuses 1 'file' eval file
mkdir empty
refuses 1 'empty|no checkpoint' eval empty
refuses 1 'empty' resume empty
cp -R runs/mine runs/torn
weights=runs/torn/$(readlink runs/torn/latest)
size=$(wc -c <"$weights")
cp "$weights" "$work/weights"
for length in 0 1 7 8 100 1000 $((size / 2)) $((size - 1)); do
	head -c "$length" "$work/weights" >"$weights"
	refuses 1 'torn' resume runs/torn
	refuses 1 'torn' eval "$weights"
done
rm "$weights"
refuses 1 'torn' resume runs/torn
cp "$work/weights" "$weights"
sed -i.old 's/hidden: "64"/hidden: "32"/' runs/torn/config.yaml
refuses 1 'weight' resume runs/torn --total-timesteps 6000
sed -i.old 's/hidden: "32"/hidden: "64"/; s/seed: 1$/seed: 2/' runs/torn/config.yaml
refuses 1 'seed is 1, config.yaml has 2' resume runs/torn --total-timesteps 6000
sed -i.old 's/seed: 2$/sede: 1/' runs/torn/config.yaml
refuses 1 'config.yaml|sede' resume runs/torn
rm runs/torn/config.yaml
refuses 1 'config.yaml' resume runs/torn

# a plugin that is no longer there
succeeds 'a plugin is trained on' train "$PLUGIN" --total-timesteps 200 --name plugin -q --eval-interval 0
refuses 2 "it came from the plugin $PLUGIN|--env-path" eval runs/plugin
refuses 2 "it came from the plugin $PLUGIN|--env-path" resume runs/plugin --total-timesteps 400
succeeds 'given again' eval runs/plugin --episodes 2 --env-path "$PLUGIN"
succeeds 'also to resume' resume runs/plugin --total-timesteps 400 --env-path "$PLUGIN" -q

# ---- a terminal

if command -v script >/dev/null && script -qec true /dev/null >/dev/null 2>&1; then
	terminal() { # VARIABLES...: what a run shows on a terminal
		env "$@" script -qec "$BERN train CartPole-v1 $small --seed 5 >/dev/null" /dev/null </dev/null >"$work/out" 2>&1
	}
	terminal TERM=xterm
	says 'CartPole-v1  3,000/3,000 steps'
	check 'without a UTF-8 locale it is ASCII' test -z "$(tr -d '\000-\177' <"$work/out")"
	terminal TERM=xterm LC_ALL=C.UTF-8
	check 'with one it has blocks' grep -q "$(printf '\342\226\201')" "$work/out"
	terminal TERM=dumb
	check 'a dumb terminal is left alone' test ! -s "$work/out"
else
	skip 'progress on a terminal' 'script(1) is not there or of another kind'
fi
finish
