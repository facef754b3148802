/* Recordings, read back by libraries of their formats: giflib and libpng, and ffprobe for MP4. */
#include "record.h"

#include "record_sink.h"
#include "scratch.h"

#include <bern/builtin.h>
#include <check.h>
#include <dlfcn.h>
#include <gif_lib.h>
#include <png.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const bern_pictures *module(void)
{
	void *library = dlopen(BERN_TEST_PICTURES, RTLD_NOW | RTLD_LOCAL);
	ck_assert_msg(library != NULL, "%s", library ? "" : dlerror());
	void *symbol = dlsym(library, BERN_PICTURES_SYMBOL);
	bern_pictures_entry *entry;
	ck_assert_ptr_nonnull(symbol);
	memcpy(&entry, &symbol, sizeof entry);
	return entry();
}

/* A player of random actions, and a folder to write to. */
typedef struct scene {
	bern_registry *registry;
	bern_world world;
	bern_inspector inspector;
	bern_player *player;
	char folder[SCRATCH_PATH], path[2 * SCRATCH_PATH];
} scene;

static void begin(scene *s, const char *id, uint64_t seed, const char *name)
{
	const bern_env *env;
	bern_error e;
	memset(s, 0, sizeof *s);
	ck_assert_int_eq(bern_registry_create(&s->registry, &e), 0);
	for (size_t i = 0; bern_builtin_plugin(i); i++)
		ck_assert_int_eq(
			bern_registry_adopt(s->registry, bern_builtin_plugin(i), "built in", &e),
			0);
	ck_assert_int_eq(bern_registry_find(s->registry, id, &env, &e), 0);
	ck_assert_int_eq(bern_world_open(&s->world, env, NULL, 0, &e), 0);
	ck_assert_int_eq(bern_inspect_random(&s->inspector, &s->world, &e), 0);
	bern_player_plan plan = {.world = &s->world, .inspector = &s->inspector, .seed = seed};
	ck_assert_int_eq(bern_player_create(&s->player, &plan, &e), 0);
	scratch_make(s->folder);
	snprintf(s->path, sizeof s->path, "%s/%s", s->folder, name);
}

static void end(scene *s)
{
	bern_player_destroy(s->player);
	bern_inspect_finish(&s->inspector);
	bern_world_finish(&s->world);
	bern_registry_destroy(s->registry);
	scratch_remove(s->folder);
}

static record_result record(scene *s, const record_plan *given)
{
	record_plan plan = *given;
	record_result result;
	bern_error e;
	plan.path = s->path;
	ck_assert_msg(record_play(&plan, module(), s->player, &result, &e) == 0, "%s", e.text);
	return result;
}

/* ---- readers -------------------------------------------------------------------------------------------------- */

/* A GIF as a browser shows it: (frames, height, width) of 0xRRGGBB, and how long each frame stays. */
typedef struct film {
	uint32_t frames, width, height;
	uint32_t *pixels; /* owned */
	int delay[2000];
} film;

static film read_gif(const char *path)
{
	int error;
	film f = {0};
	GifFileType *gif = DGifOpenFileName(path, &error);
	ck_assert_ptr_nonnull(gif);
	ck_assert_int_eq(DGifSlurp(gif), GIF_OK);
	f.frames = (uint32_t)gif->ImageCount;
	f.width = (uint32_t)gif->SWidth;
	f.height = (uint32_t)gif->SHeight;
	ck_assert_uint_le(f.frames, 2000);
	size_t size = (size_t)f.width * f.height;
	f.pixels = calloc(f.frames * size, sizeof *f.pixels);
	for (uint32_t i = 0; i < f.frames; i++) {
		const SavedImage *image = &gif->SavedImages[i];
		GraphicsControlBlock control;
		ck_assert_int_eq(DGifSavedExtensionToGCB(gif, (int)i, &control), GIF_OK);
		f.delay[i] = control.DelayTime;
		uint32_t *frame = f.pixels + i * size;
		if (i)
			memcpy(frame, frame - size, size * sizeof *frame);
		const GifImageDesc *d = &image->ImageDesc;
		for (int y = 0; y < d->Height; y++)
			for (int x = 0; x < d->Width; x++) {
				int index = image->RasterBits[y * d->Width + x];
				if (index == control.TransparentColor)
					continue;
				ck_assert_int_lt(index, d->ColorMap->ColorCount);
				GifColorType c = d->ColorMap->Colors[index];
				frame[(uint32_t)(d->Top + y) * f.width + (uint32_t)(d->Left + x)] =
					(uint32_t)c.Red << 16 | (uint32_t)c.Green << 8 | c.Blue;
			}
	}
	DGifCloseFile(gif, &error);
	return f;
}

/* (height, width) of 0xRRGGBB; free them. */
static uint32_t *read_png(const char *path, uint32_t *width, uint32_t *height)
{
	png_image image = {.version = PNG_IMAGE_VERSION};
	ck_assert_msg(png_image_begin_read_from_file(&image, path), "%s: %s", path, image.message);
	image.format = PNG_FORMAT_RGB;
	unsigned char *bytes = malloc(PNG_IMAGE_SIZE(image));
	ck_assert(png_image_finish_read(&image, NULL, bytes, 0, NULL));
	*width = image.width;
	*height = image.height;
	uint32_t *pixels = calloc((size_t)*width * *height, sizeof *pixels);
	for (size_t i = 0; i < (size_t)*width * *height; i++)
		pixels[i] = (uint32_t)bytes[3 * i] << 16 | (uint32_t)bytes[3 * i + 1] << 8 |
			    bytes[3 * i + 2];
	free(bytes);
	return pixels;
}

/* The largest difference of a colour's part. */
static int distance(const uint32_t *a, const uint32_t *b, size_t count)
{
	int most = 0;
	for (size_t i = 0; i < count; i++)
		for (int shift = 0; shift < 24; shift += 8) {
			int d = abs((int)(a[i] >> shift & 255) - (int)(b[i] >> shift & 255));
			most = d > most ? d : most;
		}
	return most;
}

/* ---- GIF by itself --------------------------------------------------------------------------------------------- */

/* _i colours in the first frame; up to 255 are exact. */
START_TEST(frames_of_few_colours_come_back_as_they_were)
{
	enum { W = 37, H = 29, FRAMES = 5 };
	static uint32_t pixels[FRAMES][W * H];
	char folder[SCRATCH_PATH], path[2 * SCRATCH_PATH];
	uint32_t seed = 12345u + (uint32_t)_i;
	bern_gif *gif;
	bern_error e;
	scratch_make(folder);
	snprintf(path, sizeof path, "%s/a.gif", folder);
	ck_assert_int_eq(module()->gif_create(&gif, W, H, &e), 0);
	for (int f = 0; f < FRAMES; f++) {
		for (int i = 0; i < W * H; i++) {
			seed = seed * 1664525u + 1013904223u;
			uint32_t color = (seed >> 8) % (uint32_t)_i * 0x9e3779u;
			/* of later frames only a part is new; the fourth is the third once more */
			int stays = f == 3 || (f && (seed >> 30));
			pixels[f][i] = stays ? pixels[f - 1][i] : color | 0xff000000u;
		}
		ck_assert_int_eq(module()->gif_frame(gif, pixels[f], (uint32_t)(2 + f), &e), 0);
	}
	ck_assert_msg(module()->gif_write(gif, path, &e) == 0, "%s", e.text);
	ck_assert_int_eq(module()->gif_frame(gif, pixels[0], 2, &e), BERN_EUSAGE);
	module()->gif_destroy(gif);
	film film = read_gif(path);
	ck_assert_uint_eq(film.frames, FRAMES);
	/* more colours than a table holds: each part of a colour errs by less than the bits dropped, at most 6 */
	int allowed = _i <= 255 ? 0 : 63;
	for (int f = 0; f < FRAMES; f++) {
		for (int i = 0; i < W * H; i++)
			pixels[f][i] &= 0xffffff;
		int d = distance(film.pixels + f * W * H, pixels[f], W * H);
		ck_assert_msg(d <= allowed, "frame %d is off by %d", f, d);
		ck_assert_int_eq(film.delay[f], 2 + f);
	}
	free(film.pixels);
	scratch_remove(folder);
}
END_TEST

START_TEST(what_is_no_gif_is_refused)
{
	bern_gif *gif;
	bern_error e;
	uint32_t pixel = 0xffffffff;
	ck_assert_int_eq(module()->gif_create(&gif, 0, 5, &e), BERN_EUSAGE);
	ck_assert_int_eq(module()->gif_create(&gif, 5, 70000, &e), BERN_EUSAGE);
	ck_assert_int_eq(module()->gif_create(&gif, 1, 1, &e), 0);
	ck_assert_int_eq(module()->gif_frame(gif, &pixel, 1, &e), BERN_EUSAGE);
	ck_assert_int_eq(module()->gif_write(gif, "/nowhere/a.gif", &e), BERN_EUSAGE);
	ck_assert_int_eq(module()->gif_frame(gif, &pixel, 2, &e), 0);
	ck_assert_int_eq(module()->gif_write(gif, "/nowhere/a.gif", &e), BERN_EIO);
	module()->gif_destroy(gif);
}
END_TEST

/* ---- recordings ------------------------------------------------------------------------------------------------ */

START_TEST(png_and_gif_frames_are_the_same)
{
	scene a, b;
	record_plan plan = {.episodes = 2, .fps = 25, .scale = 0.5};
	begin(&a, "CartPole-v1", 3, "%04d.png");
	begin(&b, "CartPole-v1", 3, "a.gif");
	record_result ra = record(&a, &plan), rb = record(&b, &plan);
	ck_assert_mem_eq(&ra, &rb, sizeof ra);
	ck_assert_int_eq((uint64_t)scratch_count(a.folder), ra.frames);
	ck_assert_int_eq(scratch_count(b.folder), 1);
	film film = read_gif(b.path);
	ck_assert_uint_eq(film.frames, ra.frames);
	for (uint32_t i = 0; i < film.frames; i++) {
		char path[3 * SCRATCH_PATH];
		uint32_t width, height;
		snprintf(path, sizeof path, "%s/%04u.png", a.folder, i);
		uint32_t *pixels = read_png(path, &width, &height);
		ck_assert_uint_eq(width, film.width);
		ck_assert_uint_eq(height, film.height);
		/* such drawings have fewer colours than a table holds, so that nothing is lost */
		int d = distance(pixels, film.pixels + (size_t)i * width * height,
				 (size_t)width * height);
		ck_assert_msg(d == 0, "frame %u is off by %d", i, d);
		ck_assert_int_eq(film.delay[i], 4);
		free(pixels);
	}
	free(film.pixels);
	end(&a);
	end(&b);
}
END_TEST

/* The steps of an episode by the player itself; a step of CartPole takes 0.02 s. */
START_TEST(frames_keep_the_time_of_the_steps)
{
	scene s;
	bern_error e;
	uint64_t steps[2] = {0, 0};
	begin(&s, "CartPole-v1", 9, "a.gif");
	for (int i = 0; i < 2; i++) {
		for (; bern_player_at(s.player, 0)->has_choice; steps[i]++)
			ck_assert_int_eq(bern_player_forward(s.player, &e), 0);
		ck_assert_int_eq(bern_player_forward(s.player, &e), 0);
	}
	static const double fps[] = {50, 25, 10}, speed[] = {1, 1, 2};
	static const uint64_t steps_a_frame[] = {1, 2, 10}, last[] = {25, 13, 5};
	for (int k = 0; k < 3; k++) {
		record_plan plan = {.episodes = 2, .fps = fps[k], .speed = speed[k], .scale = 0.25};
		ck_assert_int_eq(bern_player_restart(s.player, &e), 0);
		record_result r = record(&s, &plan);
		uint64_t want = 0;
		/* the first situation, those after each frame's steps, and the last one again */
		for (int i = 0; i < 2; i++)
			want += 1 + (steps[i] + steps_a_frame[k] - 1) / steps_a_frame[k] + last[k] -
				1;
		ck_assert_uint_eq(r.frames, want);
		ck_assert_uint_eq(r.steps, steps[0] + steps[1]);
		ck_assert_uint_eq(r.episodes, 2);
	}
	end(&s);
}
END_TEST

START_TEST(the_same_seed_gives_the_same_file_and_another_one_another)
{
	unsigned char *bytes[3];
	size_t size[3];
	bern_panel_view view = bern_panel_view_default();
	record_plan plan = {.episodes = 1, .fps = 10, .view = &view, .width = 640, .height = 360};
	for (int i = 0; i < 3; i++) {
		scene s;
		begin(&s, "FrozenLake-v1", i == 2 ? 8 : 7, "a.gif");
		record_result r = record(&s, &plan);
		ck_assert_uint_eq(r.width, 640);
		ck_assert_uint_eq(r.height, 360);
		bytes[i] = scratch_read(s.path, &size[i]);
		end(&s);
	}
	ck_assert_uint_eq(size[0], size[1]);
	ck_assert_mem_eq(bytes[0], bytes[1], size[0]);
	ck_assert(size[0] != size[2] || memcmp(bytes[0], bytes[2], size[0]) != 0);
	for (int i = 0; i < 3; i++)
		free(bytes[i]);
}
END_TEST

START_TEST(an_mp4_has_all_frames_and_even_sides)
{
	scene s;
	char command[4 * SCRATCH_PATH], line[200] = "";
	record_plan plan = {.episodes = 1, .fps = 25, .scale = 0.3};
	if (system("ffmpeg -version >/dev/null 2>&1 && ffprobe -version >/dev/null 2>&1") != 0)
		return;
	begin(&s, "CartPole-v1", 3, "a.mp4");
	record_result r = record(&s, &plan);
	ck_assert_int_eq(scratch_count(s.folder), 1);
	snprintf(command, sizeof command,
		 "ffprobe -v error -count_frames -select_streams v -show_entries "
		 "stream=width,height,r_frame_rate,nb_read_frames -of csv=p=0 %s",
		 s.path);
	FILE *probe = popen(command, "r");
	ck_assert_ptr_nonnull(probe);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, probe));
	pclose(probe);
	char want[200];
	snprintf(want, sizeof want, "%u,%u,25/1,%u\n", (r.width + 1) / 2 * 2,
		 (r.height + 1) / 2 * 2, (unsigned)r.frames);
	ck_assert_str_eq(line, want);
	end(&s);
}
END_TEST

START_TEST(without_ffmpeg_nothing_is_left)
{
	scene s;
	bern_error e;
	record_result r;
	record_plan plan = {.episodes = 1, .fps = 25};
	char *path = strdup(getenv("PATH"));
	begin(&s, "CartPole-v1", 3, "a.mp4");
	plan.path = s.path;
	signal(SIGPIPE, SIG_IGN);
	setenv("PATH", "/nowhere", 1);
	int32_t rc = record_play(&plan, module(), s.player, &r, &e);
	setenv("PATH", path, 1);
	ck_assert_int_eq(rc, BERN_EIO);
	ck_assert_ptr_nonnull(strstr(e.text, "there is no ffmpeg"));
	ck_assert_int_eq(scratch_count(s.folder), 0);
	free(path);
	end(&s);
}
END_TEST

START_TEST(what_cannot_be_recorded_is_refused_in_a_sentence)
{
	static const struct {
		record_plan plan;
		const char *words;
	} bad[] = {
		{{.path = "a.jpg", .episodes = 1}, "neither .gif, .mp4 nor"},
		{{.path = "gif", .episodes = 1}, "neither .gif, .mp4 nor"},
		{{.path = "a.png", .episodes = 1}, "names one picture"},
		{{.path = "%s.png", .episodes = 1}, "names one picture"},
		{{.path = "%d%d.png", .episodes = 1}, "names one picture"},
		{{.path = "%05d/a.png", .episodes = 1}, "names one picture"},
		{{.path = "%099d.png", .episodes = 1}, "names one picture"},
		{{.path = "a.gif", .episodes = 0}, "--episodes: 0"},
		{{.path = "a.gif", .episodes = 1, .fps = 60}, "--fps: 60 is outside [0.1, 50]"},
		{{.path = "a.mp4", .episodes = 1, .fps = 1e9}, "[0.1, 240]"},
		{{.path = "a.mp4", .episodes = 1, .fps = -1}, "[0.1, 240]"},
		{{.path = "/nowhere/a.gif", .episodes = 1}, "/nowhere: No such file"},
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		bern_error e = {0};
		ck_assert_int_ne(record_check(&bad[i].plan, "--record", &e), 0);
		ck_assert_msg(strstr(e.text, bad[i].words) != NULL, "'%s' has no '%s'", e.text,
			      bad[i].words);
	}
	char name[40];
	bern_error e;
	ck_assert_int_eq(record_frame_path("f/%05d.png", 42, name, sizeof name, &e), 0);
	ck_assert_str_eq(name, "f/00042.png");
	ck_assert_int_eq(record_frame_path("%d.png", 123456, name, sizeof name, &e), 0);
	ck_assert_str_eq(name, "123456.png");
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("record");
	TCase *t = tcase_create("record");
	static const int colors[] = {1, 2, 3, 127, 128, 254, 255, 256, 900};
	tcase_set_timeout(t, 60);
	for (size_t i = 0; i < sizeof colors / sizeof colors[0]; i++)
		tcase_add_loop_test(t, frames_of_few_colours_come_back_as_they_were, colors[i],
				    colors[i] + 1);
	tcase_add_test(t, what_is_no_gif_is_refused);
	tcase_add_test(t, png_and_gif_frames_are_the_same);
	tcase_add_test(t, frames_keep_the_time_of_the_steps);
	tcase_add_test(t, the_same_seed_gives_the_same_file_and_another_one_another);
	tcase_add_test(t, an_mp4_has_all_frames_and_even_sides);
	tcase_add_test(t, without_ffmpeg_nothing_is_left);
	tcase_add_test(t, what_cannot_be_recorded_is_refused_in_a_sentence);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
