/* The viewer's panels, judged by what they draw: on a paper that writes down the bounds of every call. */
#include "panels.h"
#include "watch_trial.h"

#include <stdio.h>

/* ---- a paper ------------------------------------------------------------------------------------------ */

enum { RECT, CELLS, LABEL, CURVE, CLIP };
typedef struct mark {
	int kind, clipped; /* clipped: drawn by the environment, inside of a clip */
	double x0, y0, x1, y1;
	uint32_t color;
	char text[200];
	size_t rows, columns;
	uint32_t *colors; /* owned */
} mark;

typedef struct judge {
	bern_paper paper;
	mark *marks; /* owned */
	size_t count, room;
	int clips, bad;
} judge;

static mark *add(judge *j, int kind, double x0, double y0, double x1, double y1)
{
	if (j->count == j->room) {
		j->room = j->room ? 2 * j->room : 256;
		j->marks = realloc(j->marks, j->room * sizeof *j->marks);
		ck_assert_ptr_nonnull(j->marks);
	}
	mark *m = &j->marks[j->count++];
	*m = (mark){.kind = kind, .clipped = j->clips > 0, .x0 = x0, .y0 = y0, .x1 = x1, .y1 = y1};
	j->bad |= !isfinite(x0 + y0 + x1 + y1) || x1 < x0 || y1 < y0;
	return m;
}

static void on_view(void *user, double l, double b, double r, double t)
{
	((judge *)user)->bad |= l != 0 || b != 0 || !(r > 0) || !(t > 0);
}

static void on_rect(void *user, double x, double y, double w, double h, uint32_t color)
{
	add(user, RECT, x, y, x + w, y + h)->color = color;
}

static void on_line(void *user, double x0, double y0, double x1, double y1, double width,
		    uint32_t c)
{
	(void)width;
	add(user, CURVE, fmin(x0, x1), fmin(y0, y1), fmax(x0, x1), fmax(y0, y1))->color = c;
}

static void on_disc(void *user, double x, double y, double r, uint32_t color)
{
	add(user, CURVE, x - r, y - r, x + r, y + r)->color = color;
}

static void on_points(judge *j, const double *xy, size_t n, uint32_t color)
{
	double x0 = INFINITY, y0 = INFINITY, x1 = -INFINITY, y1 = -INFINITY;
	for (size_t i = 0; i < n; i++) {
		x0 = fmin(x0, xy[2 * i]), x1 = fmax(x1, xy[2 * i]);
		y0 = fmin(y0, xy[2 * i + 1]), y1 = fmax(y1, xy[2 * i + 1]);
	}
	add(j, CURVE, x0, y0, x1, y1)->color = color;
}

static void on_polygon(void *user, const double *xy, size_t corners, uint32_t color)
{
	on_points(user, xy, corners, color);
}

static double measure(void *user, double height, const char *utf8)
{
	double letters = 0;
	(void)user;
	for (; *utf8; utf8++)
		letters += ((unsigned char)*utf8 & 0xc0) != 0x80;
	return 0.6 * height * letters;
}

static void on_label(void *user, double x, double y, double height, uint32_t color, int32_t anchor,
		     int32_t turned, const char *text)
{
	double wide = measure(user, height, text);
	double left = anchor == BERN_ANCHOR_LEFT    ? 0
		      : anchor == BERN_ANCHOR_RIGHT ? wide
						    : wide / 2;
	mark *m = turned ? add(user, LABEL, x - 0.8 * height, y - left, x + 0.2 * height,
			       y - left + wide)
			 : add(user, LABEL, x - left, y - 0.2 * height, x - left + wide,
			       y + 0.8 * height);
	m->color = color;
	snprintf(m->text, sizeof m->text, "%s", text);
}

static void on_text(void *user, double x, double y, double height, uint32_t color, const char *text)
{
	on_label(user, x, y, height, color, BERN_ANCHOR_CENTRE, 0, text);
}

static void on_cells(void *user, double x, double y, double w, double h, size_t rows,
		     size_t columns, const uint32_t *colors)
{
	mark *m = add(user, CELLS, x, y, x + w, y + h);
	m->rows = rows;
	m->columns = columns;
	m->colors = malloc(rows * columns * sizeof *colors);
	ck_assert_ptr_nonnull(m->colors);
	memcpy(m->colors, colors, rows * columns * sizeof *colors);
}

static void on_clip(void *user, double x, double y, double w, double h)
{
	judge *j = user;
	add(j, CLIP, x, y, x + w, y + h);
	j->clips++;
}

static void on_unclip(void *user)
{
	((judge *)user)->clips--;
}

static void on_path(void *user, const double *xy, size_t points, double width, uint32_t color)
{
	(void)width;
	on_points(user, xy, points, color);
}

static void on_band(void *user, const double *x, const double *low, const double *high, size_t n,
		    uint32_t color)
{
	double x0 = INFINITY, y0 = INFINITY, x1 = -INFINITY, y1 = -INFINITY;
	for (size_t i = 0; i < n; i++) {
		x0 = fmin(x0, x[i]), x1 = fmax(x1, x[i]);
		y0 = fmin(y0, low[i]), y1 = fmax(y1, high[i]);
	}
	add(user, CURVE, x0, y0, x1, y1)->color = color;
}

static void judge_init(judge *j)
{
	*j = (judge){.paper = {.canvas = {.struct_size = sizeof(bern_canvas),
					  .user = j,
					  .view = on_view,
					  .rect = on_rect,
					  .line = on_line,
					  .disc = on_disc,
					  .polygon = on_polygon,
					  .text = on_text,
					  .cells = on_cells},
			       .label = on_label,
			       .measure = measure,
			       .clip = on_clip,
			       .unclip = on_unclip,
			       .path = on_path,
			       .band = on_band}};
}

static void judge_clear(judge *j)
{
	for (size_t i = 0; i < j->count; i++)
		free(j->marks[i].colors);
	j->count = 0;
	j->bad = j->clips = 0;
}

static void judge_finish(judge *j)
{
	judge_clear(j);
	free(j->marks);
}

/* A mark whose text holds `what`, or NULL. */
static const mark *find(const judge *j, const char *what)
{
	for (size_t i = 0; i < j->count; i++)
		if (j->marks[i].kind == LABEL && strstr(j->marks[i].text, what))
			return &j->marks[i];
	return NULL;
}

/* ---- what is shown -------------------------------------------------------------------------------------- */

static const struct {
	const char *env;
	const char *options[12];
	int steps;
	int32_t mode;
} shows[] = {
	{"CartPole-v1", {"hidden", "128,128", "firings", "16", NULL}, 120, 0},
	{"CartPole-v1", {"hidden", "3", "firings", "1", NULL}, 7, 0},
	{"CartPole-v1", {"hidden", "20,9", "units", "tanh,gated", "firings", "4", NULL}, 30, 0},
	{"CartPole-v1", {"hidden", "40", "firings", "4", NULL}, 30, BERN_INSPECT_MEAN_FIELD},
	{"CartPole-v1", {"hidden", "40", "firings", "4", NULL}, 30, BERN_INSPECT_THRESHOLDED},
	{"CartPole-v1",
	 {"hidden", "2048,2048,2048,2048,2048,2048,2048,2048", "firings", "64", "num_envs", "1",
	  "num_steps", "1", NULL},
	 5,
	 0},
	{"MinAtar/Breakout-v0", {"hidden", "64", "firings", "16", NULL}, 50, 0},
	{"FrozenLake-v1", {"agent", "q-learning", NULL}, 20, 0},
	{"BernoulliBandit-v0", {"agent", "thompson", NULL}, 20, 0},
	{"Taxi-v4", {"hidden", "30,30", "firings", "4", NULL}, 20, 0},
	{"Pendulum-v1", {"hidden", "30", "firings", "4", NULL}, 210, 0},
	{"MiniGrid-DoorKey-5x5-v0", {"hidden", "30", "firings", "4", NULL}, 20, 0},
	{"FrozenLake-v1", {"hidden", "30", "firings", "4", "stack", "2", NULL}, 4, 0},
};
enum { SHOWS = sizeof shows / sizeof shows[0] };

static const double sizes[][2] = {{480, 320},  {640, 480},   {800, 600},   {1280, 720},
				  {720, 1280}, {1920, 1080}, {3840, 2160}, {300, 200}};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

static const double steps[] = {0, 1000, 2000, 3000}, mean[] = {20, 60, NAN, 480};
static const double low[] = {10, 40, 300, 440}, high[] = {30, 80, 400, 500};
static const bern_curve curve = {4, steps, mean, low, high, "evaluation"};

typedef struct show {
	watch_trial t;
	bern_panels *panels;
	bern_panel_view view;
	judge judge;
} show;

static void show_open(show *s, int which)
{
	memset(s, 0, sizeof *s);
	watch_open(&s->t, shows[which].env, shows[which].options);
	if (s->t.inspector.layer_count)
		watch_scramble(&s->t, s->t.inspector.unit_count > 1000 ? 0.05f : 1.5f);
	watch_play(&s->t, (bern_player_plan){
				  .seed = 3, .mode = shows[which].mode, .max_episode_steps = 300});
	for (int i = 0; i < shows[which].steps; i++)
		WATCH_OK(&s->t, bern_player_forward(s->t.player, &s->t.e));
	WATCH_OK(&s->t, bern_panels_create(&s->panels, s->t.player, &s->t.e));
	s->view = bern_panel_view_default();
	s->view.title = "runs/CartPole-v1__reinforce__s1";
	s->view.steps_per_second = 50;
	s->view.curve = &curve;
	s->view.curve_mark = 2000;
	judge_init(&s->judge);
}

static void show_draw(show *s, double width, double height)
{
	judge_clear(&s->judge);
	bern_panels_draw(s->panels, &s->view, &s->judge.paper, width, height);
	ck_assert_int_eq(s->judge.bad, 0);
	ck_assert_int_eq(s->judge.clips, 0);
}

static void show_close(show *s)
{
	judge_finish(&s->judge);
	bern_panels_destroy(s->panels);
	watch_close(&s->t);
}

static int lies_in(const mark *m, const bern_box *b)
{
	const double e = 2; /* a line's own width, a frame of a picture */
	return b->width > 0 && m->x0 >= b->x - e && m->x1 <= b->x + b->width + e &&
	       m->y0 >= b->y - e && m->y1 <= b->y + b->height + e;
}

/* As bern_panels_draw lays out: neurons' panels are left out where there are none. */
static void boxes_of(const show *s, double width, double height, bern_box *box, bern_box *status)
{
	uint32_t neurons = 1u << BERN_PANEL_FIRINGS | 1u << BERN_PANEL_WEIGHTS |
			   1u << BERN_PANEL_SCORE;
	uint32_t shown = s->view.shown;
	if (!s->t.inspector.unit_count && (shown & ~neurons))
		shown &= ~neurons;
	bern_panels_lay_out(shown, width, height, box, status);
}

static void check_places(const show *s, double width, double height)
{
	bern_box box[BERN_PANELS], status;
	boxes_of(s, width, height, box, &status);
	for (size_t i = 0; i < s->judge.count; i++) {
		const mark *m = &s->judge.marks[i];
		int placed = lies_in(m, &status);
		for (int p = 0; p < BERN_PANELS; p++)
			placed |= lies_in(m, &box[p]);
		if (!m->clipped)
			ck_assert_msg(placed,
				      "%gx%g: call %zu of kind %d, %g..%g x %g..%g, \"%s\", is in "
				      "no panel",
				      width, height, i, m->kind, m->x0, m->x1, m->y0, m->y1,
				      m->text);
	}
}

static void check_texts(const show *s, double width, double height)
{
	for (size_t i = 0; i < s->judge.count; i++)
		for (size_t k = 0; k < i; k++) {
			const mark *a = &s->judge.marks[i], *b = &s->judge.marks[k];
			/* texts on texts, and on pictures */
			if ((a->kind != LABEL && b->kind != LABEL) || a->clipped || b->clipped ||
			    (a->kind != LABEL && a->kind != CELLS) ||
			    (b->kind != LABEL && b->kind != CELLS))
				continue;
			ck_assert_msg(a->x0 >= b->x1 || b->x0 >= a->x1 || a->y0 >= b->y1 ||
					      b->y0 >= a->y1,
				      "%gx%g: \"%s\" overlaps \"%s\"", width, height, a->text,
				      b->text);
		}
}

START_TEST(nothing_leaves_its_panel_and_no_texts_overlap)
{
	show s;
	show_open(&s, _i);
	for (size_t z = 0; z < SIZES; z++)
		for (int pin = 0; pin < (s.t.inspector.layer_count ? 3 : 1); pin++) {
			s.view.has_pin = pin > 0;
			s.view.pin = (bern_unit_name){(size_t)pin - 1, 0};
			s.view.firing = pin - 1;
			s.view.layer = (size_t)pin;
			show_draw(&s, sizes[z][0], sizes[z][1]);
			check_places(&s, sizes[z][0], sizes[z][1]);
			check_texts(&s, sizes[z][0], sizes[z][1]);
		}
	for (int p = 0; p < BERN_PANELS; p++) {
		s.view.shown = 1u << p;
		show_draw(&s, 640, 480);
		check_places(&s, 640, 480);
		check_texts(&s, 640, 480);
	}
	show_close(&s);
}
END_TEST

START_TEST(panels_lie_side_by_side)
{
	for (size_t z = 0; z < SIZES; z++)
		for (uint32_t shown = 1; shown <= BERN_PANELS_ALL; shown++) {
			double width = sizes[z][0], height = sizes[z][1];
			bern_box box[BERN_PANELS], status;
			int placed = 0;
			bern_panels_lay_out(shown, width, height, box, &status);
			for (int p = 0; p < BERN_PANELS; p++) {
				const bern_box *a = &box[p];
				if (!(a->width > 0))
					continue;
				placed++;
				ck_assert(shown >> p & 1);
				ck_assert(a->x >= 0 && a->y >= status.y + status.height - 1e-9);
				ck_assert(a->x + a->width <= width && a->y + a->height <= height);
				for (int q = 0; q < p; q++) {
					const bern_box *b = &box[q];
					ck_assert(!(b->width > 0) || a->x >= b->x + b->width ||
						  b->x >= a->x + a->width ||
						  a->y >= b->y + b->height ||
						  b->y >= a->y + a->height);
				}
			}
			ck_assert_int_ge(placed, 1);
			if (width >= 1280 && height >= 720)
				ck_assert_int_eq(placed, __builtin_popcount(shown));
		}
}
END_TEST

/* The cells of panel `panel` whose box holds x, y. */
static const mark *cells_at(const show *s, double x, double y)
{
	for (size_t i = 0; i < s->judge.count; i++) {
		const mark *m = &s->judge.marks[i];
		if (m->kind == CELLS && !m->clipped && x >= m->x0 && x < m->x1 && y >= m->y0 &&
		    y < m->y1)
			return m;
	}
	return NULL;
}

/* A point of a panel where unit j is. */
static int point_of(const show *s, int panel, bern_unit_name name, double *x, double *y)
{
	bern_box box[BERN_PANELS], status;
	boxes_of(s, 1280, 720, box, &status);
	for (*y = box[panel].y + box[panel].height; *y > box[panel].y; --*y)
		for (*x = box[panel].x; *x < box[panel].x + box[panel].width; *x += 0.5) {
			bern_unit_name at;
			if (bern_panels_unit_at(s->panels, *x, *y, &at) && at.layer == name.layer &&
			    at.unit == name.unit)
				return 1;
		}
	return 0;
}

START_TEST(dead_and_saturated_units_are_counted_and_marked)
{
	show s;
	double x, y;
	show_open(&s, 0);
	float *bias = (float *)(uintptr_t)s.t.inspector.biases(s.t.inspector.self, 0);
	float *w = (float *)(uintptr_t)s.t.inspector.weights(s.t.inspector.self, 0);
	for (size_t i = 0; i < 4 * 128; i++)
		w[i] = 0;
	for (size_t j = 0; j < 128; j++)
		bias[j] = 0;
	bias[17] = -20;
	bias[90] = 20;
	/* the second layer: half of the time, each */
	w = (float *)(uintptr_t)s.t.inspector.weights(s.t.inspector.self, 1);
	for (size_t i = 0; i < 128 * 128 + 128; i++)
		w[i] = 0;
	WATCH_OK(&s.t, bern_player_restart(s.t.player, &s.t.e));
	for (int i = 0; i < 20; i++)
		WATCH_OK(&s.t, bern_player_forward(s.t.player, &s.t.e));
	show_draw(&s, 1280, 720);
	ck_assert_ptr_nonnull(find(&s.judge, "1 dead, 1 saturated of 256"));
	for (size_t j = 0; j < 128; j++) {
		ck_assert(point_of(&s, BERN_PANEL_FIRINGS, (bern_unit_name){0, j}, &x, &y));
		const mark *m = cells_at(&s, x, y);
		ck_assert_ptr_nonnull(m);
		ck_assert_uint_eq(m->columns, 128);
		/* orange at the foot of the dead one, at the head of the saturated one, and nowhere else */
		ck_assert_int_eq(m->colors[(m->rows - 1) * 128 + j] == 0xe69f00ff, j == 17);
		ck_assert_int_eq(m->colors[j] == 0xe69f00ff, j == 90);
	}
	ck_assert_ptr_null(find(&s.judge, "layer 2 is"));
	/* now none of the second layer fires */
	bias = (float *)(uintptr_t)s.t.inspector.biases(s.t.inspector.self, 1);
	for (size_t j = 0; j < 128; j++)
		bias[j] = -20;
	WATCH_OK(&s.t, bern_player_restart(s.t.player, &s.t.e));
	for (int i = 0; i < 20; i++)
		WATCH_OK(&s.t, bern_player_forward(s.t.player, &s.t.e));
	show_draw(&s, 1280, 720);
	ck_assert_ptr_nonnull(find(&s.judge, "layer 2 is dead!"));
	ck_assert_ptr_null(find(&s.judge, "layer 1 is"));
	ck_assert_ptr_nonnull(find(&s.judge, "129 dead, 1 saturated of 256"));
	show_close(&s);
}
END_TEST

/* A slow environment's first steps are wide, and going back and forth does not change how wide. */
START_TEST(few_steps_are_wide_and_many_are_narrow)
{
	show s;
	double x, y;
	size_t before = 0, first = 0;
	show_open(&s, 1);
	WATCH_OK(&s.t, bern_player_restart(s.t.player, &s.t.e));
	show_draw(&s, 1280, 720);
	ck_assert(point_of(&s, BERN_PANEL_RASTER, (bern_unit_name){0, 1}, &x, &y));
	for (size_t known = 1; known < 400; known++) {
		show_draw(&s, 1280, 720);
		const size_t columns = cells_at(&s, x, y)->columns;
		first = first ? first : columns;
		ck_assert_uint_ge(columns, before);
		/* no more than half of it is empty, but at the very beginning */
		ck_assert(columns == first || columns < 2 * known + 1);
		/* and none is lost while there is room */
		ck_assert(columns >= known || columns >= 280);
		before = columns;
		if (known == 100) {
			for (int i = 0; i < 80; i++)
				ck_assert(bern_player_back(s.t.player));
			show_draw(&s, 1280, 720);
			ck_assert_uint_eq(cells_at(&s, x, y)->columns, before);
			while (bern_player_in_past(s.t.player))
				WATCH_OK(&s.t, bern_player_forward(s.t.player, &s.t.e));
		}
		WATCH_OK(&s.t, bern_player_forward(s.t.player, &s.t.e));
	}
	ck_assert_uint_lt(first, 40);
	ck_assert_uint_ge(before, 280);
	show_close(&s);
}
END_TEST

START_TEST(three_units_fill_the_width)
{
	show s;
	bern_box box[BERN_PANELS], status;
	double left, right, y;
	show_open(&s, 1);
	show_draw(&s, 1280, 720);
	boxes_of(&s, 1280, 720, box, &status);
	ck_assert(point_of(&s, BERN_PANEL_FIRINGS, (bern_unit_name){0, 0}, &left, &y));
	ck_assert(point_of(&s, BERN_PANEL_FIRINGS, (bern_unit_name){0, 2}, &right, &y));
	/* two thirds of what is beside the weights of the firings, which have a fifth at most */
	ck_assert(right - left > 0.66 * 0.75 * box[BERN_PANEL_FIRINGS].width);
	show_close(&s);
}
END_TEST

/* Whether a label is a number, and which. */
static int number_of(const mark *m, double *x)
{
	char *end;
	*x = strtod(m->text, &end);
	return m->kind == LABEL && end != m->text && !*end;
}

/* Numbers beside the curve are round, stand at their heights, and are in steps of one size. */
START_TEST(scales_have_round_numbers)
{
	show s;
	bern_box box[BERN_PANELS], status;
	show_open(&s, 0);
	for (size_t z = 0; z < SIZES; z++) {
		double values[8], heights[8];
		size_t n = 0;
		show_draw(&s, sizes[z][0], sizes[z][1]);
		boxes_of(&s, sizes[z][0], sizes[z][1], box, &status);
		for (size_t i = 0; i < s.judge.count; i++) {
			const mark *m = &s.judge.marks[i];
			double x;
			if (!lies_in(m, &box[BERN_PANEL_CURVE]) || !number_of(m, &x))
				continue;
			ck_assert_uint_lt(n, 8);
			ck_assert_str_ne(m->text, "-0");
			values[n] = x;
			heights[n++] = m->y0;
		}
		if (sizes[z][1] >= 720) /* the curve runs from 10 to 500 */
			ck_assert_uint_ge(n, 2);
		for (size_t i = 0; i < n; i++) {
			/* 1, 2 or 5 times a power of ten in all of them */
			ck_assert_msg(fmod(values[i], 50) == 0, "%g", values[i]);
			if (i + 1 < n)
				ck_assert(values[i + 1] > values[i] && heights[i + 1] > heights[i]);
			if (i + 2 < n)
				ck_assert_double_eq_tol(values[i + 2] - values[i + 1],
							values[i + 1] - values[i], 1e-9);
		}
	}
	show_close(&s);
}
END_TEST

START_TEST(the_raster_shows_who_fired_newest_right)
{
	show s;
	double x, y;
	show_open(&s, 1); /* three units, one firing */
	show_draw(&s, 1280, 720);
	for (size_t j = 0; j < 3; j++) {
		ck_assert(point_of(&s, BERN_PANEL_RASTER, (bern_unit_name){0, j}, &x, &y));
		const mark *m = cells_at(&s, x, y);
		ck_assert_uint_eq(m->rows, 3);
		ck_assert_uint_eq((size_t)(3 * (m->y1 - y) / (m->y1 - m->y0)),
				  j); /* first on top */
		for (size_t ago = 0; ago < 8; ago++) {
			const bern_moment *moment = bern_player_moment(s.t.player, ago);
			uint32_t color = m->colors[j * m->columns + m->columns - 1 - ago];
			if (!moment)
				continue;
			ck_assert_int_eq(bern_moment_h_of(moment, &s.t.inspector.layer[0], 0, j),
					 color == 0xbfe6ffff);
			if (color != 0xbfe6ffff)
				ck_assert_uint_eq(color, 0x0d1520ff);
		}
	}
	show_close(&s);
}
END_TEST

START_TEST(pointing_names_a_unit_and_pinning_shows_what_it_receives)
{
	show s;
	bern_unit_name name;
	char wanted[64];
	show_open(&s, 6); /* Breakout: a grid of 4 planes, 10 x 10 */
	show_draw(&s, 1280, 720);
	static const int panels[] = {BERN_PANEL_RASTER, BERN_PANEL_FIRINGS, BERN_PANEL_WEIGHTS,
				     BERN_PANEL_SCORE};
	for (size_t i = 0; i < 4; i++) {
		s.view.has_mouse = 0;
		show_draw(&s, 1280, 720);
		int there = point_of(&s, panels[i], (bern_unit_name){0, 41}, &s.view.mouse_x,
				     &s.view.mouse_y);
		ck_assert(there || panels[i] == BERN_PANEL_SCORE);
		if (!there)
			continue;
		s.view.has_mouse = 1;
		show_draw(&s, 1280, 720);
		ck_assert(bern_panels_unit_at(s.panels, s.view.mouse_x, s.view.mouse_y, &name));
		ck_assert_uint_eq(name.unit, 41);
		const mark *m = find(&s.judge, "layer 1, unit 41 of 64 (binary)");
		ck_assert_ptr_nonnull(m);
		ck_assert(m->x0 >= 0 && m->x1 <= 1280 && m->y0 >= 0 && m->y1 <= 720);
	}
	s.view.has_mouse = 0;
	s.view.has_pin = 1;
	s.view.pin = (bern_unit_name){0, 41};
	show_draw(&s, 1280, 720);
	snprintf(wanted, sizeof wanted, "what layer 1, unit 41 receives");
	ck_assert_ptr_nonnull(find(&s.judge, wanted));
	const float *w = s.t.inspector.weights(s.t.inspector.self, 0);
	size_t planes = 0;
	for (size_t i = 0; i < s.judge.count; i++) {
		const mark *m = &s.judge.marks[i];
		if (m->kind != CELLS || m->clipped || m->rows != 10 || m->columns != 10)
			continue;
		/* the sign of each weight is the side of its colour: blue has no more red than paper, orange no less */
		for (size_t c = 0; c < 100; c++) {
			float x = w[(planes * 100 + c) * 64 + 41];
			uint32_t red = m->colors[c] >> 24, blue = m->colors[c] >> 8 & 255;
			if (fabsf(x) > 0.1f)
				ck_assert_int_eq(x > 0, red > blue);
		}
		planes++;
	}
	ck_assert_uint_eq(planes, 4);
	show_close(&s);
}
END_TEST

/* One weight that is not 0: which cell of which plane shows it, in environments whose shape tells of no grid. */
static const struct {
	const char *env;
	size_t rows, columns, planes;
	size_t input, plane, row, column;
} lies[] = {
	/* cells row by row */
	{"FrozenLake-v1", 4, 4, 1, 6, 0, 1, 2},
	{"CliffWalking-v1", 4, 12, 1, 3 * 12 + 5, 0, 3, 5},
	{"WindyGridworld-v0", 7, 10, 1, 4 * 10 + 9, 0, 4, 9},
	{"FourRooms-v0", 11, 11, 1, 10 * 11, 0, 10, 0},
	{"Gridworld-v0", 6, 9, 1, 2 * 9 + 1, 0, 2, 1},
	{"DeepSea-v0", 10, 10, 1, 7 * 10 + 2, 0, 7, 2}, /* and one state beside them */
	/* ((row 5 + column) 5 + passenger) 4 + destination */
	{"Taxi-v4", 5, 5, 20, ((3 * 5 + 1) * 5 + 2) * 4 + 3, 2 * 4 + 3, 3, 1},
	/* 7 columns of 7 cells of 11 objects, 6 colours, 3 states; then the direction */
	{"MiniGrid-Empty-5x5-v0", 7, 7, 20, (2 * 7 + 5) * 20 + 8, 8, 5, 2},
};

START_TEST(what_a_unit_receives_lies_on_the_grid_that_is_observed)
{
	static const char *const options[] = {"hidden", "8", "firings", "2", NULL};
	show s;
	bern_box box[BERN_PANELS], status;
	memset(&s, 0, sizeof s);
	watch_open(&s.t, lies[_i].env, options);
	const bern_inspect_layer *layer = &s.t.inspector.layer[0];
	float *w = (float *)(uintptr_t)s.t.inspector.weights(s.t.inspector.self, 0);
	memset(w, 0, layer->inputs * 8 * sizeof *w);
	w[lies[_i].input * 8 + 5] = -1;
	watch_play(&s.t, (bern_player_plan){.seed = 3});
	WATCH_OK(&s.t, bern_panels_create(&s.panels, s.t.player, &s.t.e));
	s.view = bern_panel_view_default();
	s.view.has_pin = 1;
	s.view.pin = (bern_unit_name){0, 5};
	judge_init(&s.judge);
	for (size_t z = 0; z < SIZES; z++) {
		size_t plane = 0, dots = 0, on = 0;
		show_draw(&s, sizes[z][0], sizes[z][1]);
		boxes_of(&s, sizes[z][0], sizes[z][1], box, &status);
		for (size_t i = 0; i < s.judge.count; i++) {
			const mark *m = &s.judge.marks[i];
			if (!lies_in(m, &box[BERN_PANEL_WEIGHTS]))
				continue;
			dots += m->kind == RECT && m->color == 0x20262eff;
			if (m->kind != CELLS)
				continue;
			ck_assert_uint_eq(m->rows, lies[_i].rows);
			ck_assert_uint_eq(m->columns, lies[_i].columns);
			for (size_t c = 0; c < m->rows * m->columns; c++)
				ck_assert_int_eq(m->colors[c] == 0x0072b2ff,
						 plane == lies[_i].plane &&
							 c == lies[_i].row * m->columns +
									 lies[_i].column);
			plane++;
		}
		if (!(box[BERN_PANEL_WEIGHTS].width > 0))
			continue;
		ck_assert_uint_eq(plane, lies[_i].planes);
		for (size_t i = 0; i < lies[_i].rows * lies[_i].columns * lies[_i].planes; i++)
			on += bern_player_at(s.t.player, 0)->obs[i] != 0;
		ck_assert_uint_eq(dots, on);
	}
	show_close(&s);
}
END_TEST

/* The agent sees itself on an empty cell in the middle of the row next to it: object 1 in the last row, column 3. */
START_TEST(what_is_seen_now_has_dots)
{
	static const char *const options[] = {"hidden", "8", "firings", "2", NULL};
	show s;
	size_t plane = 0;
	const mark *own = NULL;
	memset(&s, 0, sizeof s);
	watch_open(&s.t, "MiniGrid-Empty-5x5-v0", options);
	watch_play(&s.t, (bern_player_plan){.seed = 3});
	WATCH_OK(&s.t, bern_panels_create(&s.panels, s.t.player, &s.t.e));
	s.view = bern_panel_view_default();
	s.view.shown = 1u << BERN_PANEL_WEIGHTS;
	s.view.has_pin = 1;
	judge_init(&s.judge);
	show_draw(&s, 1280, 720);
	for (size_t i = 0; i < s.judge.count && plane < 2; i++)
		if (s.judge.marks[i].kind == CELLS && plane++ == 1)
			own = &s.judge.marks[i];
	ck_assert_ptr_nonnull(own);
	const double x = own->x0 + (own->x1 - own->x0) * 3.5 / 7;
	const double y = own->y1 - (own->y1 - own->y0) * 6.5 / 7;
	int found = 0;
	for (size_t i = 0; i < s.judge.count; i++) {
		const mark *m = &s.judge.marks[i];
		found |= m->kind == RECT && m->color == 0x20262eff && m->x0 < x && m->x1 > x &&
			 m->y0 < y && m->y1 > y;
	}
	ck_assert(found);
	show_close(&s);
}
END_TEST

/* A pinned unit is marked where units lie side by side, and the page of help hides what the mouse points at. */
START_TEST(a_pinned_unit_is_marked)
{
	static const char *const help[] = {"q\tquit", NULL};
	static const int panels[] = {BERN_PANEL_FIRINGS, BERN_PANEL_SCORE};
	show s;
	double x, y;
	show_open(&s, 0);
	for (size_t k = 0; k < 2; k++) {
		bern_box box[BERN_PANELS], status;
		s.view.has_pin = 0;
		show_draw(&s, 1280, 720);
		ck_assert(point_of(&s, panels[k], (bern_unit_name){1, 77}, &x, &y));
		boxes_of(&s, 1280, 720, box, &status);
		for (s.view.has_pin = 0; s.view.has_pin < 2; s.view.has_pin++) {
			int marked = 0;
			s.view.pin = (bern_unit_name){1, 77};
			show_draw(&s, 1280, 720);
			for (size_t i = 0; i < s.judge.count; i++) {
				const mark *m = &s.judge.marks[i];
				marked += m->kind == RECT && m->color == 0xe69f00ff &&
					  lies_in(m, &box[panels[k]]) && m->x0 <= x + 2 &&
					  m->x1 >= x && m->y0 >= y;
			}
			ck_assert_int_eq(marked, s.view.has_pin);
		}
	}
	s.view.has_mouse = 1;
	s.view.mouse_x = x;
	s.view.mouse_y = y;
	show_draw(&s, 1280, 720);
	ck_assert_ptr_nonnull(find(&s.judge, "layer 2, unit 77 of 128"));
	s.view.help = help;
	show_draw(&s, 1280, 720);
	ck_assert_ptr_null(find(&s.judge, "layer 2, unit 77 of 128"));
	show_close(&s);
}
END_TEST

START_TEST(panels_say_what_they_cannot_show)
{
	show s;
	show_open(&s, 7);
	show_draw(&s, 1280, 720);
	ck_assert_ptr_nonnull(find(&s.judge, "this agent has no neurons"));
	s.view.curve = NULL;
	show_draw(&s, 1280, 720);
	ck_assert_ptr_nonnull(find(&s.judge, "this is no run"));
	for (int p = BERN_PANEL_FIRINGS; p < BERN_PANELS; p++) {
		if (p == BERN_PANEL_VALUE || p == BERN_PANEL_CURVE)
			continue;
		s.view.shown = 1u << p;
		show_draw(&s, 1280, 720);
		ck_assert_ptr_nonnull(find(&s.judge, "this agent has no neurons"));
	}
	show_close(&s);
	show_open(&s, 5); /* 8 layers of 2,048 units */
	show_draw(&s, 1280, 720);
	ck_assert_ptr_nonnull(find(&s.judge, "units a row"));
	ck_assert_ptr_nonnull(find(&s.judge, "units a column"));
	show_close(&s);
}
END_TEST

START_TEST(the_status_line_and_help_are_drawn)
{
	show s;
	static const char *const help[] = {"Space\tpause", "q, Esc\tquit", NULL};
	show_open(&s, 0);
	bern_player_pause(s.t.player, 1);
	show_draw(&s, 1280, 720);
	ck_assert_ptr_nonnull(find(&s.judge, "paused  |  50 steps/s  |  seed 3"));
	ck_assert_ptr_null(find(&s.judge, "quit"));
	bern_player_back(s.t.player);
	show_draw(&s, 1280, 720);
	ck_assert_ptr_nonnull(find(&s.judge, "looking back"));
	s.view.help = help;
	show_draw(&s, 480, 320);
	const mark *m = find(&s.judge, "quit");
	ck_assert_ptr_nonnull(m);
	ck_assert(m->x1 <= 480 && m->y0 >= 0);
	s.view.help = NULL;
	s.view.notice = "the checkpoint is broken";
	show_draw(&s, 480, 320);
	ck_assert_ptr_nonnull(find(&s.judge, "the checkpoint is broken"));
	show_close(&s);
}
END_TEST

/* The policy's probabilities and the action taken are those of the moment. */
START_TEST(the_action_taken_is_marked)
{
	show s;
	char percent[16];
	show_open(&s, 0);
	for (int i = 0; i < 10; i++) {
		const bern_situation *at = bern_player_at(s.t.player, 0);
		if (at->has_choice) {
			int32_t action = *(const int32_t *)at->action;
			const mark *bar = NULL, *name;
			show_draw(&s, 1280, 720);
			snprintf(percent, sizeof percent, "%.0f%%",
				 100 * (double)bern_player_moment(s.t.player, 0)->chance[action]);
			ck_assert_ptr_nonnull(find(&s.judge, percent));
			name = find(&s.judge, action ? "push right" : "push left");
			ck_assert_ptr_nonnull(name);
			for (size_t k = 0; k < s.judge.count && !bar; k++) {
				const mark *m = &s.judge.marks[k];
				if (m->kind == RECT && !m->clipped && m->color == 0xe69f00ff &&
				    m->x0 < 500)
					bar = m;
			}
			ck_assert_ptr_nonnull(bar);
			ck_assert(bar->x0 <= name->x1 && name->x0 <= bar->x1);
		}
		WATCH_OK(&s.t, bern_player_forward(s.t.player, &s.t.e));
	}
	show_close(&s);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("panels");
	TCase *t = tcase_create("panels");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, nothing_leaves_its_panel_and_no_texts_overlap, 0, SHOWS);
	tcase_add_test(t, panels_lie_side_by_side);
	tcase_add_test(t, dead_and_saturated_units_are_counted_and_marked);
	tcase_add_test(t, few_steps_are_wide_and_many_are_narrow);
	tcase_add_test(t, three_units_fill_the_width);
	tcase_add_test(t, scales_have_round_numbers);
	tcase_add_test(t, the_raster_shows_who_fired_newest_right);
	tcase_add_test(t, pointing_names_a_unit_and_pinning_shows_what_it_receives);
	tcase_add_loop_test(t, what_a_unit_receives_lies_on_the_grid_that_is_observed, 0,
			    sizeof lies / sizeof lies[0]);
	tcase_add_test(t, what_is_seen_now_has_dots);
	tcase_add_test(t, a_pinned_unit_is_marked);
	tcase_add_test(t, panels_say_what_they_cannot_show);
	tcase_add_test(t, the_status_line_and_help_are_drawn);
	tcase_add_test(t, the_action_taken_is_marked);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
