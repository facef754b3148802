# bern watch and bern play in a real window, on a display of our own: keys, pictures of it, following, what may go wrong.
. "${0%/*}/lib.sh"
unset DISPLAY WAYLAND_DISPLAY SDL_VIDEODRIVER

"$BERN" train CartPole-v1 -q --name mine --total-timesteps 4000 --final-episodes 0 --checkpoint-interval 1000 \
	--stop-looks 0 2>"$work/err" || not_ok "a run to watch" "$(cat "$work/err")"

# ---- without a display

refuses 1 "watch: no |--record" watch runs/mine
SDL_VIDEODRIVER=offscreen
export SDL_VIDEODRIVER
refuses 1 "there is no display|--record" watch CartPole-v1
unset SDL_VIDEODRIVER
refuses 2 "--speed|0.05" watch runs/mine --speed 0.05
refuses 2 "--speed|65|64" watch runs/mine --speed 65
refuses 2 "--size|12x12" watch runs/mine --size 12x12
refuses 2 "--mode|meanfield|mean-field" watch runs/mine --mode meanfield
refuses 2 "--agent|trained" watch CartPole-v1 --agent trained
refuses 2 "which run or environment" watch
refuses 2 "one argument too many" watch runs/mine runs/mine
refuses 2 "is none of best, latest, or a step" watch runs/mine --checkpoint newest
refuses 1 "has no checkpoint of step 7" watch runs/mine --checkpoint 7
refuses 2 "CartPol-v1|did you mean" watch CartPol-v1
refuses 2 "no such environment|no run folder runs/nope" watch runs/nope
refuses 2 "is no run folder" watch CartPole-v1 --follow
refuses 2 "plays CartPole-v1, not FrozenLake-v1" play FrozenLake-v1 runs/mine
refuses 2 "a run has its configuration" watch runs/mine --set env.gravity=3
mkdir empty
refuses 1 "empty has no checkpoint" watch empty
cp -r runs/mine runs/broken
for file in runs/broken/checkpoints/*; do
	head -c 1000 "$file" >"$work/part" && cp "$work/part" "$file"
done
refuses 1 "runs/broken/best|cut" watch runs/broken

# ---- with one

for tool in Xvfb xdotool "$PNG_BOX"; do
	command -v $tool >/dev/null 2>&1 && continue
	skip "the window" "there is no $tool (Debian: xvfb, xdotool, libpng-dev)"
	finish
done
mkfifo "$work/number"
Xvfb -noreset -displayfd 3 -screen 0 1300x740x24 3>"$work/number" >/dev/null 2>&1 &
xvfb=$!
trap 'kill $xvfb $watching $training 2>/dev/null; chmod -R u+w "$work"; rm -rf "$work"' EXIT
watching= training=
read -r number <"$work/number"
DISPLAY=:$number
export DISPLAY

# answers questions about boxes LEFT TOP RIGHT BOTTOM of PNG files
png() { "$PNG_BOX" "$@"; }
differ() { ! png same "$@"; }

shots=0
# Presses s, and waits for the file.
shoot() {
	shots=$((shots + 1))
	shot=$(printf 'bern-%03d.png' $shots)
	press s
	for _ in $(seq 100); do
		[ -s "$shot" ] && return
		sleep 0.05
	done
	not_ok "a screenshot" "no $shot after 5 s: $(cat "$work/err")"
}

press() {
	xdotool key --delay 40 "$@"
	sleep 0.25
}

# Moves the mouse to a pixel of the window.
point() {
	xdotool search --name '^bern: ' mousemove --window %1 "$1" "$2"
	sleep 0.25
}

title() { xdotool search --name '^bern: ' getwindowname 2>/dev/null | head -n 1; }

# Opens a window and waits until it has a title of its own making.
opens() { # NAME ARGUMENT...
	name=$1
	shift
	"$BERN" "$@" >"$work/out" 2>"$work/err" </dev/null &
	watching=$!
	for _ in $(seq 200); do
		case $(title) in *return*) ok "$name" && return ;; esac
		kill -0 $watching 2>/dev/null || break
		sleep 0.05
	done
	not_ok "$name" "no window: $(cat "$work/err")"
}

# ends STATUS NAME: the program ends by itself with that status and says nothing
ends() {
	for _ in $(seq 200); do
		kill -0 $watching 2>/dev/null || break
		sleep 0.05
	done
	kill -0 $watching 2>/dev/null && kill -9 $watching
	wait $watching
	status=$?
	watching=
	if [ "$status" -eq "$1" ] && [ ! -s "$work/err" ]; then
		ok "$2"
	else
		not_ok "$2" "status $status: $(cat "$work/err")"
	fi
}

alive() { kill -0 $watching 2>/dev/null; }

# waits_for NAME SECONDS CONDITION...
waits_for() {
	name=$1
	tries=$((20 * $2))
	shift 2
	for _ in $(seq $tries); do
		"$@" && ok "$name" && return
		sleep 0.05
	done
	not_ok "$name" "title: $(title); stderr: $(cat "$work/err")"
}

all="0 0 1280 690" # without the status line, which counts and tells
weights="545 476 1274 596"
cart="0 30 540 290" raster="560 24 1270 244"

opens "a run has a window" watch runs/mine --seed 5
case $(title) in
"bern: mine (checkpoint "*"): seed 5, step "*", return "*) ok "its title tells run, checkpoint, seed, step and return" ;;
*) not_ok "its title tells run, checkpoint, seed, step and return" "$(title)" ;;
esac
press space
shoot && a=$shot
check "a screenshot is the window's size" [ "$(png size "$a")" = "1280 720" ]
check "the cart is blue" png has "$a" 0072b2 "$cart" 200
check "the pole is orange" png has "$a" e69f00 "$cart" 100
check "neurons that fire and that do not are in the raster" png has "$a" 0d1520 "$raster" 100
shoot && b=$shot
check "a paused picture stays the same" png same "$a" "$b" "$all"
press period
shoot && c=$shot
check "a step moves the cart" differ "$b" "$c" "$cart"
check "a step adds to the raster" differ "$b" "$c" "$raster"
press comma
shoot && d=$shot
check "a step back restores all panels" png same "$b" "$d" "$all"
point 700 420
shoot && m=$shot
check "pointing at a unit opens a box of its numbers" png has "$m" 20262e "$all" 4000
check "which a window without the mouse on a unit has not" [ "$(png has "$d" 20262e "$all" 4000; echo $?)" = 1 ]
xdotool click 1
point 300 150
shoot && m=$shot
check "a click shows what the unit receives" differ "$d" "$m" "$weights"
check "and marks it among the probabilities" png has "$m" e69f00 "545 268 1274 274" 10
point 700 420
xdotool click 1
point 300 150
shoot && m=$shot
check "another click lets it go" png same "$d" "$m" "$all"
press 2
shoot && e=$shot
check "key 2 takes the raster away" differ "$d" "$e" "$raster"
press 2
shoot && f=$shot
check "key 2 brings it back" png same "$d" "$f" "$all"
press Tab
shoot && g=$shot
check "Tab leaves the environment alone" differ "$d" "$g" "$all"
press Tab F1
shoot && h=$shot
check "F1 shows the help" differ "$d" "$h" "400 200 880 500"
press F1 d d d
shoot && i=$shot
check "three policies later it is the same" png same "$d" "$i" "$cart"
press bracketleft bracketleft
case $(title) in *"(checkpoint 1"*) ok "[ goes to earlier checkpoints" ;; *)
	sleep 0.6
	case $(title) in
	*"(checkpoint 4000)"*) not_ok "[ goes to earlier checkpoints" "$(title)" ;;
	*) ok "[ goes to earlier checkpoints" ;;
	esac
	;;
esac
press v space
sleep 0.5
press v
if "$BERN" --version | grep -q '^features.*gif'; then
	waits_for "v records a GIF" 5 [ -s bern-001.gif ]
else
	skip "v records a GIF" "built without giflib"
fi
press space r
waits_for "r begins the same seed again" 3 sh -c 'xdotool search --name "^bern: " getwindowname | grep -q "seed 5, step 0,"'
press n
waits_for "n begins the next one" 3 sh -c 'xdotool search --name "^bern: " getwindowname | grep -q "seed 6, step 0,"'
press q
ends 0 "q ends it"

opens "a point may have two pixels" watch runs/mine --scale 2 --size 640x360
press space
shoot
check "a screenshot has them" [ "$(png size "$shot")" = "1280 720" ]
check "and the cart is drawn in them" png has "$shot" 0072b2 "$cart" 200
press q
ends 0 "it ends, too"

opens "an environment has a window" watch MinAtar/Breakout-v1 --agent untrained --size 640x480 --speed 0
kill -TERM $watching
ends 130 "a signal ends it"

opens "a game can be played" play FrozenLake-v1 --set env.is_slippery=false
# from the start: two to the right, and nothing else happens by itself
press Right Right
waits_for "each key is a step" 3 sh -c 'xdotool search --name "^bern: " getwindowname | grep -q "step 2, "'
press Escape
ends 0 "Escape ends it"

# ---- a run in progress

"$BERN" train CartPole-v1 -q --name now --total-timesteps 100000000 --stop-looks 0 --checkpoint-interval 2000 \
	--eval-interval 0 --keep-checkpoints 3 >/dev/null 2>&1 &
training=$!
waits_for "a run is in progress" 20 [ -e runs/now/latest ]
opens "it can be followed" watch runs/now --follow --speed 0
first=$(title | sed 's/.*(checkpoint \([0-9]*\)).*/\1/')
later() { [ "$(title | sed 's/.*(checkpoint \([0-9]*\)).*/\1/')" -gt "$first" ]; }
waits_for "newer weights come by themselves" 20 later
check "the training goes on" kill -0 $training
kill -9 $training
wait $training 2>/dev/null
training=
sleep 0.3
check "a killed run is watched on" alive
printf 'no checkpoint' >"runs/now/checkpoints/x" && ln -sfn checkpoints/x runs/now/latest
sleep 0.5
check "a broken checkpoint does not end it" alive
printf '1,2' >>runs/now/progress.csv
rm -rf runs/now/checkpoints
sleep 0.3
check "deleted checkpoints do not end it" alive
rm -rf runs/now
press bracketright
check "a deleted run does not end it" alive
press q
ends 0 "and it ends in order"
finish
