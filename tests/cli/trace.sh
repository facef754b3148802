# bern trace: the same numbers as Gymnasium's, all digits, and tables that replay.
. "${0%/*}/lib.sh"

golden=$DATA/gymnasium-golden-traces.txt

same() { # NAME FILE FILE
	if cmp -s "$2" "$3"; then ok "$1"; else not_ok "$1" "$(diff "$2" "$3" | head -n 10)"; fi
}

# breaks NAME WORDS STATUS FILE ARGUMENT...: rows may have been printed; then one sentence that holds the words
breaks() {
	breaks_name=$1 breaks_words=$2 breaks_want=$3 breaks_file=$4
	shift 4
	"$BERN" trace "$@" >"$work/out" 2>"$work/err" <"$breaks_file"
	status=$?
	missing=$(printf '%s' "$breaks_words" | tr '|' '\n' | while IFS= read -r word || [ -n "$word" ]; do
		grep -qF -- "$word" "$work/err" || printf "'%s' " "$word"
	done)
	if [ "$status" -eq "$breaks_want" ] && [ -z "$missing" ] && [ "$(wc -l <"$work/err")" -eq 1 ]; then
		ok "$breaks_name"
	else
		not_ok "$breaks_name" "status $status, missing $missing: $(cat "$work/err")"
	fi
}

# ---- Gymnasium's own numbers

# recorded ENV SEED: the recording as rows of trace, with the same actions
recorded() {
	awk -v env="$1" -v seed="$2" '$1 == env && $2 == seed {
		for (i = 3; i < NF; i++) printf "%s\t", $i
		print $NF
	}' "$golden"
}

# equal OURS THEIRS: every number within 1e-6 of the larger of 1 and itself, everything else the same text
equal() {
	awk -F'\t' '
		NR == FNR { theirs[FNR] = $0; rows = FNR; next }
		FNR == 1 { next }
		{
			n = split(theirs[FNR - 1], want, "\t")
			if (n != NF) { print "row " FNR - 2 ": " NF " columns, not " n; bad = 1; exit }
			for (i = 1; i <= n; i++) {
				d = $i - want[i]; d = d < 0 ? -d : d
				m = want[i] < 0 ? -want[i] : want[i] + 0; m = m < 1 ? 1 : m
				number = $i ~ /^-?[0-9]/ && want[i] ~ /^-?[0-9]/
				if (number ? d > 1e-6 * m : $i != want[i]) {
					print "row " FNR - 2 ", column " i ": " $i ", not " want[i]; bad = 1; exit
				}
			}
		}
		END { if (!bad && FNR - 1 != rows) print FNR - 1 " rows, not " rows }' "$2" "$1"
}

for env in CartPole-v1 FrozenLake-v1 FrozenLake8x8-v1 CliffWalking-v1 CliffWalkingSlippery-v1 \
	MountainCar-v0 MountainCarContinuous-v0 Acrobot-v1 Pendulum-v1; do
	for seed in 0 42; do
		recorded "$env" "$seed" >"$work/theirs"
		case $env in MountainCarContinuous* | Pendulum*) kind=box ;; *) kind=discrete ;; esac
		if ! "$BERN" info "$env" --json 2>/dev/null | grep -q "\"action\":{\"kind\":\"$kind\""; then
			case $env in
			MountainCar* | Acrobot* | Pendulum*) skip "$env" 'it is not built in' ;;
			*) not_ok "$env, seed $seed" 'it is not built in' ;;
			esac
			continue
		fi
		cut -f 2 "$work/theirs" | "$BERN" trace "$env" --seed "$seed" --actions - >"$work/ours" 2>"$work/err"
		why=$(equal "$work/ours" "$work/theirs")$(cat "$work/err")
		if [ -z "$why" ]; then ok "$env, seed $seed, is as recorded"; else
			not_ok "$env, seed $seed, is as recorded" "$why"
		fi
	done
done
recorded CartPole-v1 42 >"$work/theirs"
sed '5s/0\.0/0.1/' "$work/theirs" >"$work/wrong"
check 'a wrong recording is found' test -n "$(equal "$work/ours" "$work/wrong")"

# ---- the table

succeeds 'random actions are the default' trace CartPole-v1 --seed 42
cp "$work/out" "$work/one"
check 'the head names the columns' test "$(head -n 1 "$work/one")" = \
	"$(printf 't\taction\treward\tterminated\ttruncated\tx\tx_dot\ttheta\ttheta_dot')"
check 'a reset is row 0, to the last digit' test "$(sed -n 2p "$work/one")" = "$(head -n 1 "$work/theirs")"
check 'it ends with the episode' test "$(cut -f 4 "$work/one" | grep -c 1)" -eq 1
check '... in the last row' test "$(tail -n 1 "$work/one" | cut -f 4)" = 1
succeeds 'the same again' trace CartPole-v1 --seed 42 --actions random
same '... is the same' "$work/one" "$work/out"
succeeds 'another seed' trace CartPole-v1 --seed 43
check '... is another episode' test "$(sed -n 2p "$work/out")" != "$(sed -n 2p "$work/one")"
succeeds 'episode i has seed + i' trace CartPole-v1 --seed 41 --episodes 2
check '... and begins as that seed' test "$(grep "^0	" "$work/out" | tail -n 1)" = "$(head -n 1 "$work/theirs")"
succeeds 'the largest seed' trace CartPole-v1 --seed 18446744073709551615 --episodes 2
succeeds 'a number of steps' trace CartPole-v1 --steps 100
check '... is so many rows that are no resets' test "$(grep -c -v -e '^0	' -e '^t	' "$work/out")" -eq 100
succeeds 'the time limit cuts' trace CartPole-v1 --set env.max_steps=5
check '... in the fifth step' test "$(tail -n 1 "$work/out" | cut -f 1,4,5)" = "$(printf '5\t0\t1')"
succeeds 'an episode without a limit' trace CliffWalking-v1
check '... is cut all the same' test "$(tail -n 1 "$work/out" | cut -f 1)" = 1000
succeeds 'the state' trace CartPole-v1 --seed 42 --state
check '... has its names' test "$(head -n 1 "$work/out" | cut -f 10-13)" = \
	"$(printf 'state.x\tstate.x_dot\tstate.theta\tstate.theta_dot')"
# the start is a double; the recorded float lies within half a unit of its last place
check '... has more digits than what is seen' awk -F'\t' 'NR == 2 { d = $10 - $6; exit !(length($10) > 15 && d < 2e-9 && d > -2e-9) }' "$work/out"
refuses 2 '--state|no fields' trace "$PLUGIN" --state

# ---- replays

for env in CartPole-v1 FrozenLake-v1 GaussianBandit-v0 "$PLUGIN"; do
	succeeds "a table of $env" trace "$env" --seed 7 --episodes 3
	cp "$work/out" "$work/table"
	succeeds 'fed back' trace "$env" --seed 7 --actions "$work/table"
	same '... gives the same table' "$work/table" "$work/out"
	cut -f 2 "$work/table" >"$work/column"
	succeeds 'its column of actions' trace "$env" --seed 7 --actions "$work/column"
	same '... too' "$work/table" "$work/out"
	sed 's/$/\r/' "$work/column" >"$work/dos"
	succeeds 'with line ends of another system' trace "$env" --seed 7 --actions "$work/dos"
	same '... too' "$work/table" "$work/out"
done
succeeds 'fewer episodes than the file has' trace "$PLUGIN" --seed 7 --actions "$work/table" --episodes 2
check '... are two' test "$(grep -c '^0	' "$work/out")" -eq 2
succeeds 'fewer steps than the file has' trace "$PLUGIN" --seed 7 --actions "$work/table" --steps 3
same '... are its first rows' "$work/out" - <<ROWS
$(head -n 5 "$work/table")
ROWS

# rows ACTIONS: t and action of each row
rows() {
	printf "$1" | "$BERN" trace FrozenLake-v1 --actions - 2>&1 | tail -n +2 | cut -f 1,2 | tr '\t\n' ': '
}
check 'the first episode starts by itself' test "$(rows '0\n1\n')" = '0:- 1:0 2:1 '
check 'or with a line reset' test "$(rows 'reset\n0\n1\n')" = '0:- 1:0 2:1 '
check 'another line reset starts the next' test "$(rows '0\nreset\n1\n')" = '0:- 1:0 0:- 1:1 '
check 'also where no step was made' test "$(rows 'reset\nreset\n1')" = '0:- 0:- 1:1 '
check 'comments and empty lines are left out' test "$(rows '# a\n\n0\n  \n# b\n1\n')" = '0:- 1:0 2:1 '
check 'an empty file is a reset' test "$(rows '')" = '0:- '
check 'actions may be named' test "$(rows 'left\ndown\n')" = '0:- 1:0 2:1 '

# ---- what is wrong

printf '0\n1\n7\n' >"$work/bad"
breaks 'an action outside its space' "bad:3|7|[0, 1]" 2 /dev/null CartPole-v1 --actions "$work/bad"
check '... after the rows before it' test "$(wc -l <"$work/out")" -eq 4
printf '0\nup\n' >"$work/bad"
breaks 'an unknown action' 'stdin:2|up' 2 "$work/bad" CartPole-v1 --actions -
printf '0\n0,1\n' >"$work/bad"
breaks 'too many numbers' 'stdin:2|1 number' 2 "$work/bad" CartPole-v1 --actions -
printf '0\n0\0\n' >"$work/bad"
breaks 'a NUL byte' 'stdin:2|NUL' 2 "$work/bad" CartPole-v1 --actions -
printf '0\n0\n0\n' >"$work/bad"
breaks 'an action after the end' 'stdin:3|step 2|reset' 2 "$work/bad" CartPole-v1 --actions - --set env.max_steps=2
printf 't\tb\taction\n1\t2\n' >"$work/bad"
breaks 'a table with a short row' 'stdin:2|column' 2 "$work/bad" CartPole-v1 --actions -
refuses 1 'nowhere|No such file' trace CartPole-v1 --actions nowhere
refuses 1 'there|directory' trace CartPole-v1 --actions ../there
refuses 2 'which environment?|usage: bern trace' trace
refuses 2 'CartPol-v1|did you mean' trace CartPol-v1
refuses 2 'too many' trace CartPole-v1 CartPole-v0
refuses 2 '--episodes|0|1' trace CartPole-v1 --episodes 0
refuses 2 '--steps|ten' trace CartPole-v1 --steps ten
refuses 2 '--seed|-1' trace CartPole-v1 --seed -1
refuses 2 'env.gravity|-3|[0, 100]' trace CartPole-v1 --set env.gravity=-3
refuses 2 'train.gamma|trace' trace CartPole-v1 --set train.gamma=1
breaks 'a broken environment' 'reward is nan|step 31' 1 /dev/null "$SINNER" --set env.sin=pays-nan --episodes 3
check '... after the rows before it' test "$(tail -n 1 "$work/out" | cut -f 1)" = 30

finish
