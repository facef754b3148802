# Whatever is wrong on the command line is refused in one sentence, and nothing is made.
. "${0%/*}/lib.sh"

# commands
bern
check 'bern alone is misuse' test "$status" -eq 2
check '... and shows help on stderr' grep -q '^usage: bern COMMAND' "$work/err"
check '... with nothing on stdout' test ! -s "$work/out"
refuses 2 'no command tran|did you mean train?' tran CartPole-v1
refuses 2 'no command zzz|--help' zzz
refuses 2 'no option --versoin' --versoin
refuses 2 "no command " ''
refuses 2 'no command tran' help tran

# environments
refuses 2 'which environment?|usage: bern train' train
refuses 2 'which environment?|usage: bern info' info
refuses 2 'CartPol-v1|did you mean CartPole-v1?' train CartPol-v1
refuses 2 'CartPole-v7|CartPole-v0, CartPole-v1' train CartPole-v7
refuses 2 'Nothing-v0|bern envs' train Nothing-v0
refuses 2 'CartPol-v1' info CartPol-v1
refuses 2 'no such environment' train ''
refuses 2 'FrozenLake-v1|too many|usage' train CartPole-v1 FrozenLake-v1
refuses 2 'FrozenLake-v1|too many|usage' info CartPole-v1 FrozenLake-v1
refuses 2 'CartPole-v1|too many|usage' envs CartPole-v1

refuses 2 'MinAtar/Breakout-v7|current one is MinAtar/Breakout-v1' train MinAtar/Breakout-v7
printf 'S.G\n' >"$work/here/map.txt"
refuses 2 'env.map=@map.txt' train Gridworld-v0 --set env.map=map.txt
refuses 2 'env.map=@map.txt' info Gridworld-v0 --set env.map=map.txt
rm "$work/here/map.txt"
refuses 2 'mine.c|compile it first|-o mine.so' check-env mine.c
refuses 2 'mine.c|compile it first|-o ./mine.so' train ./mine.c

# older versions that stand for a newer one
for old in Taxi-v3:Taxi-v4 CliffWalking-v0:CliffWalking-v1; do
	bern train "${old%:*}" --print-config --recipe none
	check "$old is taken" test "$status" -eq 0
	check '... with one line of warning' test "$(cat "$work/err")" = "bern: ${old%:*} is an old version, ${old#*:} is used"
	says "id: ${old#*:}"
done

# options
refuses 2 '--gravity|--set env.KEY=VALUE' train CartPole-v1 --gravity 3
refuses 2 '--learnin-rate|did you mean --learning-rate?' train CartPole-v1 --learnin-rate 1
refuses 2 '--zzzz' train CartPole-v1 --zzzz
refuses 2 '-x' train CartPole-v1 -x
refuses 2 '-x' train CartPole-v1 -qx
refuses 2 '--seed needs a value' train CartPole-v1 --seed
refuses 2 '--seed needs a value' train CartPole-v1 --seed --gamma 1
refuses 2 '--force takes no value|yes' train CartPole-v1 --force=yes
refuses 2 '--jsn|did you mean --json?' info CartPole-v1 --jsn
refuses 2 '--learning-rate' info CartPole-v1 --learning-rate 1
refuses 2 '--json and --paths' envs --json --paths

# numbers
for bad in ten '' ' 5' '5 ' nan inf -1 0x10 1,5 5e; do
	refuses 2 "--learning-rate|$bad" train CartPole-v1 "--learning-rate=$bad"
done
for bad in ten '' ' 5' '5 ' nan -1 0 1.5 1e400 18446744073709551616 9e18; do
	refuses 2 "--total-timesteps|$bad" train CartPole-v1 "--total-timesteps=$bad"
done
for bad in ten '' ' 5' '5 ' nan -1 1.5 1e3 18446744073709551616 +1; do
	refuses 2 "--seed|'$bad'|18446744073709551615" train CartPole-v1 "--seed=$bad"
	refuses 2 "--seed|'$bad'|18446744073709551615" eval run "--seed=$bad"
done
refuses 2 '--learning-rate|1e400' train CartPole-v1 --learning-rate 1e400
refuses 2 '--gamma|1.5|[0, 1]' train CartPole-v1 --gamma 1.5
refuses 2 '--gamma|-0.1|[0, 1]' train CartPole-v1 --gamma -0.1
refuses 2 '--episodes|0|1' eval run --episodes 0
refuses 2 '--episodes|ten' eval run --episodes ten
refuses 2 '--min-return|nan' eval run --min-return nan
refuses 2 '--total-timesteps|ten' resume run --total-timesteps ten

# choices, truths, texts
refuses 2 '--baseline|mpl|mlp' train CartPole-v1 --baseline mpl
refuses 2 '--policy|meanfield|mean-field' eval run --policy meanfield
refuses 2 '--normalize-observations|maybe|true' train CartPole-v1 --normalize-observations=maybe
refuses 2 'renforce|reinforce' train CartPole-v1 --agent renforce
refuses 2 '64,x' train CartPole-v1 --hidden 64,x
refuses 2 'postrior' train CartPole-v1 --estimator postrior
refuses 2 '--name|UTF-8' train CartPole-v1 --name "$(printf '\377')"
refuses 2 'name|a/b' train CartPole-v1 --name a/b
refuses 2 'name|..' train CartPole-v1 --name ..
long=$(printf '%0300d' 1)
refuses 2 '--runs-dir|255' train CartPole-v1 --runs-dir "$long"

# --set
refuses 2 '--set|gravity=1|did you mean env.gravity=1?' train CartPole-v1 --set gravity=1
refuses 2 '--set|seed=1|did you mean train.seed=1?' train CartPole-v1 --set seed=1
refuses 2 '--set|gravity=1|env.KEY=VALUE' train CartPole-v1 --set gravity=1
refuses 2 'env.gravty|did you mean gravity?' train CartPole-v1 --set env.gravty=1
refuses 2 'env.gravity|-3|[0, 100]' train CartPole-v1 --set env.gravity=-3
refuses 2 'env.gravity|ten' train CartPole-v1 --set env.gravity=ten
refuses 2 'train.sede|did you mean seed?' train CartPole-v1 --set train.sede=1
refuses 2 'env.id|first argument' train CartPole-v1 --set env.id=CartPole-v0
refuses 1 'env.map|nowhere.txt|No such file' train Gridworld-v0 --set env.map=@nowhere.txt
refuses 2 'train.gamma' info CartPole-v1 --set train.gamma=1
printf 'S..\n..\n..G\n' >"$work/here/ragged.txt"
refuses 2 'map|row 2' train Gridworld-v0 --set env.map=@ragged.txt
rm "$work/here/ragged.txt"

# runs
refuses 2 'which run?|usage: bern eval' eval
refuses 2 'which run?|usage: bern resume' resume
refuses 2 'too many' eval a b
refuses 2 'too many' resume a b
refuses 1 'nowhere' eval nowhere
refuses 1 'nowhere' resume nowhere
refuses 1 'here' eval ../there
refuses 1 'here' resume ../there

# hostile words stay on one line
refuses 2 'no command' "$(printf 'a\nb')"
refuses 2 'a?b' train "$(printf 'a\nb')"

# variables
BERN_LEARNING_RATE=ten
export BERN_LEARNING_RATE
refuses 2 'BERN_LEARNING_RATE|ten' train CartPole-v1
unset BERN_LEARNING_RATE
BERN_SEED=-1
export BERN_SEED
refuses 2 'BERN_SEED|-1' train CartPole-v1 --seed 3
unset BERN_SEED

finish
