# Configurations: printed, read back, refused.
. "${0%/*}/lib.sh"

same() { # NAME FILE FILE
	if cmp -s "$2" "$3"; then ok "$1"; else not_ok "$1" "$(diff "$2" "$3")"; fi
}

# what is printed is what is taken
succeeds 'a configuration is printed' train CartPole-v1 --print-config --lr 0.125 --seed 18446744073709551615 \
	--set env.gravity=1.6 --set env.max_steps=77 --name 'a "b" #c'
cp "$work/out" "$work/one.yaml"
says 'learning_rate: 0.125'
says 'seed: 18446744073709551615'
says 'gravity: 1.6'
says 'max_steps: 77'
succeeds 'and taken back' train --config "$work/one.yaml" --print-config
same '... to the same run' "$work/one.yaml" "$work/out"
succeeds 'also with its origins in it' train --config "$work/one.yaml" --print-config -v
sed 's/  *# .*//' "$work/out" >"$work/bare"
says "$work/one.yaml:2"
cp "$work/out" "$work/origins.yaml"
succeeds '...' train --config "$work/origins.yaml" --print-config
same 'comments change nothing' "$work/one.yaml" "$work/out"
check 'nothing was made' test -z "$(ls -A)"

# a map from a file
printf 'S..\n.#.\n..G\n' >"$work/map.txt"
succeeds 'a map may come from a file' train Gridworld-v0 --set "env.map=@$work/map.txt" --print-config
cp "$work/out" "$work/one.yaml"
rm "$work/map.txt"
succeeds 'the configuration keeps the text of it' train --config "$work/one.yaml" --print-config
same '... to the letter' "$work/one.yaml" "$work/out"

# precedence, seen from outside
mkdir "$work/recipes"
BERN_RECIPES=$work/recipes
export BERN_RECIPES
printf 'train:\n  gamma: 0.1\n  gae_lambda: 0.1\n  lr: 0.1\n  momentum: 0.1\n' >"$work/recipes/CartPole-v1.yaml"
printf 'train:\n  gamma: 0.3\n  gae_lambda: 0.3\n' >"$work/file.yaml"
export BERN_GAMMA=0.2 BERN_GAE_LAMBDA=0.2 BERN_LEARNING_RATE=0.2
succeeds 'all sources at once' train CartPole-v1 --config "$work/file.yaml" --gamma 0.4 --print-config -v
unset BERN_GAMMA BERN_GAE_LAMBDA BERN_LEARNING_RATE
for line in 'gamma: 0.4 # --gamma' "gae_lambda: 0.3 # $work/file.yaml:3" 'learning_rate: 0.2 # BERN_LEARNING_RATE' \
	"momentum: 0.1 # $work/recipes/CartPole-v1.yaml:5" 'decay: 0.999 # default'; do
	if sed 's/^ *//; s/  */ /g' "$work/out" | grep -qxF "$line"; then ok "$line"; else
		not_ok "$line" "$(cat "$work/out")"
	fi
done
printf 'train:\n  gamma: 0.7\n' >"$work/recipes/other.yaml"
succeeds 'another recipe by name' train CartPole-v1 --recipe other --print-config
says 'gamma: 0.7'
succeeds 'another recipe by file' train CartPole-v1 --recipe "$work/recipes/other.yaml" --print-config
says 'gamma: 0.7'
succeeds 'no recipe' train CartPole-v1 --recipe none --print-config
says 'gamma: 0.99'
refuses 2 'othr|did you mean other?' train CartPole-v1 --recipe othr --print-config
refuses 1 'nowhere.yaml|No such file' train CartPole-v1 --recipe ./nowhere.yaml
printf 'train:\n  gama: 0.7\n' >"$work/recipes/CartPole-v1.yaml"
refuses 2 'CartPole-v1.yaml:2|gama|did you mean gamma?' train CartPole-v1
printf 'env:\n  id: CartPole-v0\n' >"$work/recipes/CartPole-v1.yaml"
refuses 2 'CartPole-v1.yaml:2|CartPole-v0' train CartPole-v1
rm "$work/recipes/CartPole-v1.yaml"

# never from the current folder
mkdir -p runs/recipes
printf 'train:\n  gamma: 0.123\n' >runs/recipes/CartPole-v1.yaml
cp runs/recipes/CartPole-v1.yaml CartPole-v1.yaml
bern train CartPole-v1 --print-config
check 'the current folder holds no recipes' test "$(grep -c 0.123 "$work/out")" -eq 0
rm -r runs CartPole-v1.yaml

# every recipe that comes with Bern
unset BERN_RECIPES
for recipe in "$RECIPES"/*.yaml; do
	succeeds "the recipe ${recipe##*/} can be used" train --recipe "$recipe" --print-config
done

# a variable that is nearly one
bern_variable() {
	BERN_LEARNING_RAT=1 "$BERN" train CartPole-v1 --print-config 2>&1 >/dev/null
}
check 'a misspelt variable is told' test "$(bern_variable)" = \
	'bern: train: the variable BERN_LEARNING_RAT is not known, did you mean BERN_LEARNING_RATE?'

# files that are none
try() { # STATUS WORDS TEXT
	printf "$3" >"$work/there/bad.yaml"
	refuses "$1" "$2" train CartPole-v1 --config ../there/bad.yaml
}
refuses 1 'nowhere.yaml|No such file' train CartPole-v1 --config nowhere.yaml
refuses 1 'there|folder' train CartPole-v1 --config ../there
try 2 'bad.yaml|empty|env and train' ''
try 2 'bad.yaml:1|not a map' 'ten\n'
try 2 'bad.yaml:1|not a map' '[1, 2]\n'
try 2 'bad.yaml:1|trian|did you mean train?' 'trian:\n  seed: 1\n'
try 2 'bad.yaml:2|sede|did you mean seed?' 'train:\n  sede: 1\n'
try 2 'bad.yaml:2|gravty|did you mean gravity?' 'env:\n  gravty: 1\n'
try 2 'bad.yaml:2|spaces' 'train:\n\tseed: 1\n'
try 2 'bad.yaml:3|seed|line 2' 'train:\n  seed: 1\n  seed: 2\n'
try 2 'bad.yaml:2|list|64,32' 'train:\n  hidden: [64, 32]\n'
try 2 'bad.yaml:2|map' 'train:\n  hidden: {a: 1}\n'
try 2 'bad.yaml:2|anchor' 'train:\n  seed: &x 1\n'
try 2 'bad.yaml:2|alias' 'train:\n  seed: *x\n'
try 2 'bad.yaml:2|tag' 'train:\n  seed: !!int 1\n'
try 2 'bad.yaml:2|NUL' 'train:\n  a: \000\n'
try 2 'bad.yaml|UTF-8' 'train:\n  name: \377\n'
try 2 'bad.yaml:2|ten|number' 'train:\n  learning_rate: ten\n'
printf 'env:\n  id: Nothing-v0\n' >"$work/there/bad.yaml"
refuses 2 'bad.yaml:2|Nothing-v0' train --config ../there/bad.yaml
printf 'train:\n  seed: 1\n' >"$work/there/bad.yaml"
refuses 2 'which environment?' train --config ../there/bad.yaml
{ printf 'train:\n  name: '; head -c 10485760 /dev/zero | tr '\0' '['; } >"$work/there/bad.yaml"
refuses 2 'bad.yaml|larger than 1048576 bytes' train CartPole-v1 --config ../there/bad.yaml
head -c 1000000 "$work/there/bad.yaml" >"$work/there/deep.yaml"
refuses 2 'deep.yaml|list' train CartPole-v1 --config ../there/deep.yaml
if [ "$(id -u)" -eq 0 ]; then
	skip 'a file that may not be read is refused' 'root may read all files'
else
	chmod 0 "$work/there/deep.yaml"
	refuses 1 'deep.yaml|Permission' train CartPole-v1 --config ../there/deep.yaml
fi

finish
