# bern watch --record: recordings without a window. What is in the files is held by test_record.c.
. "${0%/*}/lib.sh"

case " $MODULES " in
*" pictures "*) ;;
*)
	refuses 1 'feature `pictures`|README.md' watch CartPole-v1 --record a.gif
	finish
	;;
esac
# nothing of it needs a display
unset DISPLAY WAYLAND_DISPLAY 2>/dev/null

"$BERN" train CartPole-v1 --seed 1 --total-timesteps 2000 --final-episodes 1 --name mine -q >"$work/out" 2>&1
check 'a run to record' test -d runs/mine/checkpoints
before=$(ls -lAR runs | cksum)
mkdir frames
succeeds 'a file for each frame' watch runs/mine --record frames/%03d.png --episodes 2 --fps 10 --seed 4 --size 640x360
made=$(ls frames | wc -l)
says "frames/%03d.png: $made frames of 640 x 360 pixels"
says '2 episodes'
# eval plays the same episodes
steps=$("$BERN" eval runs/mine --episodes 2 --seed 4 --json | sed "s/.*\"steps\":\([0-9]*\).*/\1/")
[ -n "$steps" ] && says ", $steps steps"
check '... the first is 0' test -s frames/000.png
check '... the run is as it was' test "$(ls -lAR runs | cksum)" = "$before"
rm -rf frames

if "$BERN" watch runs/mine --record a.gif --seed 4 --panels env --fps 10 >"$work/out" 2>"$work/err"; then
	says 'a.gif: '
	check '... is a GIF' test "$(head -c 6 a.gif)" = GIF89a
	bern watch runs/mine --record b.gif --seed 4 --panels env --fps 10 -q
	check '... quiet says nothing' test ! -s "$work/out"
	check '... the same seed, the same bytes' cmp -s a.gif b.gif
	bern watch runs/mine --record b.gif --seed 5 --panels env --fps 10
	check '... another seed, others' test "$(cksum <a.gif)" != "$(cksum <b.gif)"
	bern watch runs/mine --record b.gif --seed 4 --panels environment,raster --fps 10
	check '... and with panels' test "$(wc -c <b.gif)" -gt "$(wc -c <a.gif)"
elif grep -q 'feature `gif`' "$work/err"; then
	skip 'a GIF' 'there is no giflib'
else
	not_ok 'a GIF' "$(cat "$work/err")"
fi
rm -f ./*.gif
if command -v ffmpeg >/dev/null 2>&1; then
	succeeds 'an MP4 of an environment without a run' watch FrozenLake-v1 --record a.mp4 --panels env
	check '... and nothing beside it' test "$(ls -A)" = "$(printf 'a.mp4\nruns')"
	rm -f a.mp4
else
	skip 'an MP4' 'there is no ffmpeg'
fi
mkdir "$work/none"
PATH_BEFORE=$PATH
PATH=$work/none
export PATH
"$BERN" watch CartPole-v1 --record a.mp4 --panels env >"$work/out" 2>"$work/err"
status=$?
PATH=$PATH_BEFORE
check 'without ffmpeg: a sentence' grep -q '^bern: watch: a.mp4: there is no ffmpeg' "$work/err"
check '... status 1, and no file' test "$status" -eq 1 -a ! -e a.mp4

# ---- refusals

refuses 2 'a.jpg|.gif, .mp4' watch runs/mine --record a.jpg
refuses 2 'frames/a.png|%05d' watch runs/mine --record frames/a.png
refuses 1 'nowhere|No such file' watch runs/mine --record nowhere/a.gif
refuses 2 '--fps|0|[0.1, 240]' watch runs/mine --record a.gif --fps 0
refuses 2 '--fps|60|50|GIF' watch runs/mine --record a.gif --fps 60
refuses 2 '--episodes|0|[1, 1000000000]' watch runs/mine --record a.gif --episodes 0
refuses 2 '--panels|rastr|raster' watch runs/mine --record a.gif --panels environment,rastr
refuses 2 '--panels' watch runs/mine --record a.gif --panels ''
refuses 2 '--speed|0' watch runs/mine --record a.gif --speed 0
refuses 2 '--follow|--record' watch runs/mine --record a.gif --follow
refuses 2 '--record|bern watch' play CartPole-v1 --record a.gif
refuses 2 '--record needs a value' watch runs/mine --record
refuses 1 'cannot be drawn' watch "$PLUGIN" --record a.gif --panels env
if [ "$(id -u)" -ne 0 ]; then
	mkdir closed
	chmod a-w closed
	refuses 1 'closed|may not be written to' watch runs/mine --record closed/a.gif
fi
finish
