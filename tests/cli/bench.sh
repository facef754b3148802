# bern bench: what it prints, and what it refuses. How fast anything is, is not tested.
. "${0%/*}/lib.sh"

row() { # NAME PATTERN: the last output has such a line
	if grep -qE -- "$2" "$work/out"; then ok "$1"; else not_ok "$1" "$(cat "$work/out")"; fi
}

number='[0-9.]+(e[+][0-9]+)?'
succeeds "some environments are measured" \
	bench env CartPole-v1 Blackjack-v1 "$PLUGIN" --seconds 0.001 --repeats 1
row "the machine is" "^one core, [a-z0-9-]+: $number million random numbers a second, $number GB/s copied, $number billion multiply-adds a second\$"
row "there is a line of titles" '^environment +scalar +batch +lanes '
row "the empty one stands beside them" "^Empty-v0 +$number +$number +$number +(any|avx2|avx512)\$"
row "a batch is measured" "^CartPole-v1 +$number +$number +$number +(any|avx2|avx512)\$"
row "what has none has a dash" "^Blackjack-v1 +$number +- +$number +\$"
row "a plugin is" "^examples/Corridor-v0 +$number +- +$number +\$"
check "nothing else is" [ "$(wc -l <"$work/out")" -eq 6 ]

succeeds "in JSON" bench env CartPole-v1 --json --seconds 0.001 --repeats 2 --set env.gravity=2
row "with the machine" "^\{\"machine\":\"[a-z0-9-]+\",\"draws\":$number,\"copied_bytes\":$number,\"multiply_adds\":$number\}\$"
row "with a batch" "^\{\"id\":\"CartPole-v1\",\"cpu\":\"[a-z0-9]+\",\"scalar\":$number,\"batch\":$number,\"lanes\":$number\}\$"

BERN_CPU=reference
export BERN_CPU
succeeds "BERN_CPU chooses" bench env CartPole-v1 --json --seconds 0.001 --repeats 1
row "the reference takes no batch" '"id":"CartPole-v1","cpu":null,"scalar":[^,]*,"batch":null,"lanes":[0-9]'
unset BERN_CPU

succeeds "layers are measured" bench net 4x3 17x33 --firings 2 --fire-rate 0.3 --seconds 0.001 --repeats 1
row "by shape" "^17x33( +$number +[0-9]+%){5}\$"
succeeds "in JSON" bench net 17x33 --json --seconds 0.001 --repeats 1
row "with shares" '^\{"layer":"17x33","firings":16,"fire_rate":0.5,"forward_ns":[^,]*,"forward_share":'
succeeds "trainings are measured" bench train CartPole-v1 TMaze-v0 --seconds 0.001 --repeats 1 --set train.hidden=8 --profile
row "as the recipe has them, with what was set" "^CartPole-v1 +8 +16 +1 +4 +$number +$number +$number% +$number +$number% +$number +$number%\$"
succeeds "one firing in many lanes is measured" bench train CartPole-v1-throughput --seconds 0.001 --repeats 1 --set train.hidden=16 --profile
# 2*4*16 of the layer, 170 for sigmoids, 16 scores, 704 of the baseline: 1018, and 2 for each firing; less where the trace is empty
row "its work is counted" "^CartPole-v1-throughput +16 +1 +256 +2 +$number +32 +$number% +10[1-5][0-9] +$number% +26 +$number%\$"
row "its parts are told" "^ +layers: p, firings, action +$number +[0-9]+%\$"
row "the parts of a step are told" "^ +estimator +$number +[0-9]+%\$"
succeeds "in JSON, what goes row by row on any processor" bench train TMaze-v0 --json --seconds 0.001 --repeats 1 --profile
row "with needs" '^\{"recipe":"TMaze-v0","hidden":"[0-9]+","firings":[0-9]+,.*"steps_per_second":[^,]*,"draws":'
row "with parts" '^\{"profile_ns":\{"inputs from observations":'
succeeds "an agent without a network is measured" bench train CliffWalking-v1 --seconds 0.001 --repeats 1 --profile --set train.agent=sarsa

refuses 2 "measure what?|bern bench env" bench
refuses 2 "'4x' is no shape" bench net 64x64 4x
refuses 2 "'0x4' is no shape" bench net 0x4
refuses 2 "'99999x99999' is no shape" bench net 99999x99999
refuses 2 "--fire-rate|1" bench net --fire-rate 1.1
refuses 2 "--set goes with env and train" bench net --set env.gravity=1
refuses 2 "no recipe CartPole-v2" bench train CartPole-v2
refuses 2 "hidden|allowed" bench train CartPole-v1 --set train.hidden=x
refuses 2 "all takes no names" bench all CartPole-v1
refuses 2 "--env-path goes with env" bench train --env-path .
refuses 2 "'cartpole' cannot be measured" bench cartpole
refuses 2 "CartPole-v9" bench env CartPole-v9 --json --seconds 0.001 --repeats 1 --set env.nothing=1
refuses 2 "--seconds|0.001" bench env --seconds 0
refuses 2 "--repeats|1000" bench env --repeats 1001
refuses 2 "--set: of which environment?" bench env --set env.gravity=1

# recipes: a row is what `bern train` says of its seeds
mkdir recipes
cat >recipes/quick.yaml <<'YAML'
env:
  id: FrozenLake-v1
train:
  num_envs: 4
  total_timesteps: 600
  final_episodes: 5
YAML
cp recipes/quick.yaml recipes/another.yaml
printf '  stop_return: -1\n' >>recipes/another.yaml
BERN_RECIPES=$work/here/recipes
export BERN_RECIPES
succeeds "recipes are measured" bench recipes quick another --seeds 2
row "there is a head" '^\| recipe \| random \| best \| goal \| reached '
row "the goal is the environment's" '^\| `quick` \| 0[.]0139 \| 1 \| 0[.]7 \| 0 of 2 \| '
row "or the recipe's" '^\| `another` \| 0[.]0139 \| 1 \| -1 \| 2 of 2 \| '
check "nothing else is" [ "$(wc -l <"$work/out")" -eq 4 ]
succeeds "in JSON" bench recipes quick --seeds 1 --json
said=$(sed -n 's/.*"return":{"iqm":\([^,]*\),.*/\1/p' "$work/out")
bern train --recipe quick --seed 1 --name same --eval-interval 0 --json -q
check "as train says" [ "$said" = "$(sed -n 's/.*"return":{"mean":\([^,]*\),.*/\1/p' "$work/out")" ]
check "... and train says something" [ -n "$said" ]
refuses 2 'no recipe quik|did you mean quick?' bench recipes quick quik
refuses 2 '--seeds|0' bench recipes --seeds 0
refuses 2 'without --set' bench recipes --set env.gravity=1
unset BERN_RECIPES

finish
