# Many seeds: each run is that of a single training, what fails is named, what is stopped goes on.
. "${0%/*}/lib.sh"

# same_run NAME FOLDER FOLDER: what two runs left is the same, but for clocks and the folder they are in. Folders of runs that
# have names of the same length make checkpoints of the same size.
same_run() {
	same_why=
	for file in latest best eval.csv; do
		[ -e "$2/$file" ] || [ -e "$3/$file" ] || continue
		LC_ALL=C sed "s|${2%/*}|${3%/*}|" "$2/$file" >"$work/a"
		cmp -s "$work/a" "$3/$file" || same_why="$same_why $file"
	done
	for file in "progress.csv 1,2,5-" "monitor.csv 1,2"; do
		tail -n +2 "$2/${file% *}" | cut -d, -f"${file#* }" >"$work/a"
		tail -n +2 "$3/${file% *}" | cut -d, -f"${file#* }" >"$work/b"
		cmp -s "$work/a" "$work/b" || same_why="$same_why ${file% *}"
	done
	[ "$(readlink "$2/latest")" = "$(readlink "$3/latest")" ] || same_why="$same_why latest"
	if [ -z "$same_why" ]; then ok "$1"; else not_ok "$1" "different:$same_why"; fi
}

tells() { # TEXT: stderr holds it
	if grep -qF -- "$1" "$work/err"; then ok "... tells $1"; else
		not_ok "... tells $1" "it tells: $(head -c 2000 "$work/err")"
	fi
}

small='--total-timesteps 3000 --stop-looks 0 --eval-episodes 5 --eval-interval 1000 --final-episodes 10'
bern train CartPole-v1 $small --seeds 3,18446744073709551615,1 --jobs 2 --name group
check 'three seeds are trained' test "$status" -eq 0
says 'runs              3 of 3'
says 'IQM '
says '95%, stratified bootstrap over 3 runs, 10000 resamples, seed 1'
says 'steps_to_solve    unknown'
cp "$work/out" "$work/group"
tells 'bern: train: seed 18446744073709551615: finished at step 3,0'
check 'the group names its members' test "$(grep -c '"s[0-9]*"' runs/group/group.json)" -eq 3
for seed in 3 18446744073709551615 1; do
	succeeds "one training with the seed $seed" train CartPole-v1 $small --seed $seed --runs-dir runs/alone --name "s$seed" -q
	same_run '... gives the same bits' "runs/group/s$seed" "runs/alone/s$seed"
done
# the same figures again, from what the runs say
mean=$(for seed in 3 18446744073709551615 1; do
	sed -n 's/.*"return": \([0-9.-]*\).*/\1/p' runs/group/s$seed/meta.json
done | awk '{ sum += $1 } END { printf "%.5g", sum / NR }')
check "... the mean $mean" grep -qF "; mean $mean (" "$work/group"
bern train CartPole-v1 $small --seeds 2 --json --name json
check 'JSON is one line' test "$(wc -l <"$work/out")" -eq 1
says '"wanted":2,"failed":0'
bern train CartPole-v1 $small --seeds 1..1 --name one
says 'no interval of a single run'
bern train CartPole-v1 $small --seeds 2 --final-episodes 0 --name none
says 'unknown: there was no evaluation at the end'
bern train CartPole-v1 --seeds 3 --name solving
says 'solved            3 of 3'
says 'steps_to_solve    median '

# ---- one fails

mkdir -p runs/torn
echo '{"format": 1, "members": ["s1"]}' >runs/torn/group.json
: >runs/torn/s2
bern train CartPole-v1 $small --seeds 3 --name torn --force
check 'a seed that fails is status 1' test "$status" -eq 1
tells 'bern: train: seed 2: '
tells '1 of 3 runs failed'
says 'runs              2 of 3'
rm runs/torn/s2
bern resume runs/torn
check 'resumed, it is made up for' test "$status" -eq 0
says 'runs              3 of 3'
bern train CartPole-v1 $small --seed 2 --runs-dir runs/solo --name s2 -q
same_run '... to the same bits' runs/torn/s2 runs/solo/s2
refuses 2 'learning_rate' train CartPole-v1 --seeds 3 --set train.learning_rate=-1

# ---- stopped and resumed

# stopped SIGNAL NAME ARGUMENT...: what comes of that signal after a second
stopped() {
	stopped_signal=$1 stopped_name=$2
	shift 2
	timeout --foreground -s "$stopped_signal" --preserve-status 1 "$BERN" "$@" >"$work/out" 2>"$work/err" </dev/null
	status=$?
	if [ "$status" -eq 130 ]; then ok "$stopped_name"; else
		not_ok "$stopped_name" "status $status: $(cat "$work/err")"
	fi
}
endless='--stop-looks 0 --eval-interval 0 --final-episodes 3 --checkpoint-interval 1000'
stopped INT 'Ctrl-C stops all' train CartPole-v1 $endless --total-timesteps 1000000000 --seeds 4 --jobs 2 --name long
tells 'resume runs/long` goes on'
check '... with checkpoints' test -s runs/long/s1/latest -a -s runs/long/s2/latest
check '... and begins no more' test ! -e runs/long/s3
stopped TERM 'resumed, and asked to end by the system' resume runs/long --jobs 2
mv runs/long runs/moved
steps=$(for run in runs/moved/s1 runs/moved/s2; do
	readlink $run/latest | sed 's/.*step_0*\([0-9]*\)\..*/\1/'
done | sort -n | tail -n 1)
bern resume runs/moved --total-timesteps $((steps + 3000)) --jobs 2
check 'moved and resumed, it goes on to the end' test "$status" -eq 0
says 'runs              4 of 4'
for member in s2:runs/lone s4:runs/whole; do
	seed=${member%:*} seed=${seed#s} folder=${member#*:}
	bern train CartPole-v1 $endless --total-timesteps $((steps + 3000)) --seed $seed --runs-dir $folder --name "s$seed" -q
	[ "$seed" = 4 ] || mkdir -p runs/long && cp -R runs/moved/s$seed runs/long/ 2>/dev/null
	[ "$seed" = 4 ] && from=runs/moved || from=runs/long
	same_run "seed $seed comes to the same bits as unbroken" "$from/s$seed" "$folder/s$seed"
done
bern resume runs/moved --json
check 'a group that is done says what it came to' test "$status" -eq 0
says '"wanted":4'

# ---- a plugin, and a process of its own

bern train "$PLUGIN" --total-timesteps 300 --eval-interval 0 --final-episodes 5 --seeds 2 --isolate --name plugin
check 'a plugin in a process of its own' test "$status" -eq 0
says 'runs              2 of 2'

# ---- misuse

refuses 2 "--seeds|'5..3'" train CartPole-v1 --seeds 5..3
refuses 2 "--seeds|'0'" train CartPole-v1 --seeds 0
refuses 2 'ten' train CartPole-v1 --seeds ten
refuses 2 '1,,2' train CartPole-v1 --seeds 1,,2
refuses 2 '1..' train CartPole-v1 --seeds 1..
refuses 2 '-1' train CartPole-v1 --seeds=-1
refuses 2 'twice' train CartPole-v1 --seeds 3,1,3
refuses 2 'more than 10000' train CartPole-v1 --seeds 1..18446744073709551615
refuses 2 '--seed|--seeds' train CartPole-v1 --seeds 3 --seed 1
refuses 2 '--jobs' train CartPole-v1 --jobs 3
refuses 2 '--jobs|0' train CartPole-v1 --seeds 3 --jobs 0
refuses 2 '--jobs' resume runs/alone/s3 --jobs 2
refuses 1 'runs/group exists' train CartPole-v1 --seeds 3 --name group
echo '{' >runs/group/group.json
refuses 1 'group.json' resume runs/group
finish
