/* The image bandit: an image is shown, the agent names its class, and is paid 1 if it is right, else 0. One step an episode.
 *
 * A labelled data set as a one-step task: the reward says whether the answer was right, not which one is, so it is a contextual bandit
 * (Langford & Zhang 2007) with as many arms as classes. `images` and `labels` name two files in the IDX format of the MNIST
 * database (LeCun, Cortes & Burges): big-endian numbers 0x00000803, count, rows, columns and then a byte a pixel; 0x00000801, count
 * and then a byte a label. They are read when the environment is opened. Without files the images are ten digits of 5 x 7 dots, laid
 * somewhere on a field of 8 x 8: 80 images.
 *
 * Pixels are observed as 0 to 1. Train and test on different images with `first` and `count`.
 */
#include <bern/env.h>
#include <bern/rng.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { P_IMAGES, P_LABELS, P_FIRST, P_NUMBER, P_COUNT };
enum { SIDE_MOST = 256, CLASSES_MOST = 256 };
#define IMAGES_MOST 100000000.0
/* bytes of an image file after its header */
#define PIXELS_MOST ((uint64_t)1 << 30)

static const bern_param params[P_COUNT] = {
	[P_IMAGES] = {"images", "IDX file of images (bytes); empty: ten digits that are built in",
		      BERN_TEXT, 0, "", 0, 4000, NULL},
	[P_LABELS] = {"labels", "IDX file of their labels", BERN_TEXT, 0, "", 0, 4000, NULL},
	[P_FIRST] = {"first", "number of the first image that is used", BERN_INT, 0, "0", 0,
		     IMAGES_MOST, NULL},
	[P_NUMBER] = {"count", "how many images are used from there on; 0: all that are left",
		      BERN_INT, 0, "0", 0, IMAGES_MOST, NULL},
};

typedef struct state {
	int32_t image;  /* shown */
	int32_t answer; /* -1 before */
} state;

static const bern_field fields[] = {
	{"image", BERN_I32, 1, offsetof(state, image)},
	{"answer", BERN_I32, 1, offsetof(state, answer)},
};

typedef struct model {
	uint8_t *pixels; /* owned (count, rows, columns) */
	uint8_t *labels; /* owned (count) */
	uint32_t count, rows, columns;
	uint32_t first, used; /* images first .. first + used - 1 are shown */
	int32_t classes
		[1]; /* highest label + 1, of all images; also the sizes of the action space */
	float *low, *high; /* owned (rows, columns) */
} model;

static const char *const metrics[] = {"right"};
static const char *const keys[CLASSES_MOST] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};

static void close_images(void *model_)
{
	model *m = model_;
	if (!m)
		return;
	free(m->pixels);
	free(m->labels);
	free(m->low);
	free(m->high);
	free(m);
}

/* ---- the digits that are built in -------------------------------------------------------------------- */

enum { DIGIT_ROWS = 7, DIGIT_COLUMNS = 5, FIELD = 8 };

/* Rows from the top, the leftmost dot the highest of five bits. */
static const uint8_t digits[10][DIGIT_ROWS] = {
	{14, 17, 19, 21, 25, 17, 14}, {4, 12, 4, 4, 4, 4, 14},  {14, 17, 1, 2, 4, 8, 31},
	{31, 2, 4, 2, 1, 17, 14},     {2, 6, 10, 18, 31, 2, 2}, {31, 16, 30, 1, 1, 17, 14},
	{6, 8, 16, 30, 17, 17, 14},   {31, 1, 2, 4, 8, 8, 8},   {14, 17, 17, 14, 17, 17, 14},
	{14, 17, 17, 15, 1, 2, 12},
};

static int32_t make_digits(model *m, char *err, size_t err_size)
{
	const uint32_t places = (FIELD - DIGIT_ROWS + 1) * (FIELD - DIGIT_COLUMNS + 1);
	m->rows = m->columns = FIELD;
	m->count = 10 * places;
	m->pixels = calloc(m->count, FIELD * FIELD);
	m->labels = calloc(m->count, 1);
	if (!m->pixels || !m->labels) {
		snprintf(err, err_size, "no memory for the images");
		return 1;
	}
	for (uint32_t i = 0; i < m->count; i++) {
		uint32_t digit = i % 10, place = i / 10;
		uint32_t down = place % (FIELD - DIGIT_ROWS + 1);
		uint32_t right = place / (FIELD - DIGIT_ROWS + 1);
		uint8_t *image = m->pixels + (size_t)i * FIELD * FIELD;
		m->labels[i] = (uint8_t)digit;
		for (uint32_t row = 0; row < DIGIT_ROWS; row++)
			for (uint32_t column = 0; column < DIGIT_COLUMNS; column++)
				if (digits[digit][row] >> (DIGIT_COLUMNS - 1 - column) & 1)
					image[(row + down) * FIELD + column + right] = 255;
	}
	return 0;
}

/* ---- IDX files --------------------------------------------------------------------------------------- */

/* A file being read. */
typedef struct idx {
	const char *key, *path; /* of the parameter; for sentences */
	FILE *file;
	uint32_t size[3];
} idx;

static uint32_t big_endian(const uint8_t *b)
{
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* Opens a file and reads its header of `dims` sizes. */
static int32_t idx_open(idx *x, uint32_t dims, char *err, size_t err_size)
{
	uint8_t header[16];
	size_t size = 4 + 4 * (size_t)dims;
	x->file = fopen(x->path, "rb");
	if (!x->file) {
		snprintf(err, err_size, "%s: %s cannot be opened", x->key, x->path);
		return 1;
	}
	size_t got = fread(header, 1, size, x->file);
	if (got >= 2 && header[0] == 0x1f && header[1] == 0x8b) {
		snprintf(err, err_size, "%s: %s is compressed; gunzip it first", x->key, x->path);
		return 1;
	}
	if (got < size) {
		snprintf(err, err_size, "%s: %s ends within its header, after %zu of %zu bytes",
			 x->key, x->path, got, size);
		return 1;
	}
	if (big_endian(header) != (0x800 | dims)) {
		snprintf(err, err_size,
			 "%s: %s begins with 0x%08x, not 0x%08x: it is no IDX file of %s in bytes",
			 x->key, x->path, (unsigned)big_endian(header), 0x800u | dims,
			 dims == 1 ? "labels" : "images");
		return 1;
	}
	for (uint32_t i = 0; i < dims; i++)
		x->size[i] = big_endian(header + 4 + 4 * i);
	return 0;
}

/* Reads the bytes after the header, exactly `size` of them. Grows as they come, so that a header that lies asks for no more memory
 * than there are bytes. NULL after an error. */
static uint8_t *idx_read(const idx *x, uint64_t size, char *err, size_t err_size)
{
	uint8_t *bytes = NULL;
	uint64_t got = 0, room = 0;
	while (got < size) {
		uint64_t want = room ? 2 * room : 65536;
		want = want < size ? want : size;
		uint8_t *more = realloc(bytes, want);
		if (!more) {
			snprintf(err, err_size, "%s: no memory for %s", x->key, x->path);
			free(bytes);
			return NULL;
		}
		bytes = more;
		room = want;
		got += fread(bytes + got, 1, room - got, x->file);
		if (got < room)
			break;
	}
	if (got == size && fgetc(x->file) == EOF && !ferror(x->file))
		return bytes;
	if (ferror(x->file))
		snprintf(err, err_size, "%s: %s cannot be read", x->key, x->path);
	else if (got < size)
		snprintf(err, err_size,
			 "%s: %s is torn: its header announces %llu bytes of data, there are %llu",
			 x->key, x->path, (unsigned long long)size, (unsigned long long)got);
	else
		snprintf(err, err_size,
			 "%s: %s has more data than the %llu bytes that its header announces",
			 x->key, x->path, (unsigned long long)size);
	free(bytes);
	return NULL;
}

static int32_t read_images(model *m, idx *x, char *err, size_t err_size)
{
	if (idx_open(x, 3, err, err_size))
		return 1;
	m->count = x->size[0];
	m->rows = x->size[1];
	m->columns = x->size[2];
	if (m->count < 1 || m->rows < 1 || m->columns < 1 || m->rows > SIDE_MOST ||
	    m->columns > SIDE_MOST || (uint64_t)m->count * m->rows * m->columns > PIXELS_MOST) {
		snprintf(
			err, err_size,
			"%s: %s has %u images of %u x %u pixels; allowed are 1 or more, of at most "
			"%d x %d, and %llu pixels in all",
			x->key, x->path, (unsigned)m->count, (unsigned)m->rows,
			(unsigned)m->columns, SIDE_MOST, SIDE_MOST,
			(unsigned long long)PIXELS_MOST);
		return 1;
	}
	m->pixels = idx_read(x, (uint64_t)m->count * m->rows * m->columns, err, err_size);
	return !m->pixels;
}

static int32_t read_labels(model *m, idx *x, char *err, size_t err_size)
{
	if (idx_open(x, 1, err, err_size))
		return 1;
	if (x->size[0] != m->count) {
		snprintf(err, err_size, "%s: %s has %u labels, but there are %u images", x->key,
			 x->path, (unsigned)x->size[0], (unsigned)m->count);
		return 1;
	}
	m->labels = idx_read(x, m->count, err, err_size);
	return !m->labels;
}

static int32_t read_files(model *m, const char *images, const char *labels, char *err,
			  size_t err_size)
{
	if (!*images || !*labels) {
		snprintf(err, err_size, "%s: is not given, but %s is; both are needed",
			 *images ? "labels" : "images", *images ? "images" : "labels");
		return 1;
	}
	idx x = {.key = "images", .path = images}, y = {.key = "labels", .path = labels};
	int32_t rc = read_images(m, &x, err, err_size);
	if (!rc)
		rc = read_labels(m, &y, err, err_size);
	if (x.file)
		fclose(x.file);
	if (y.file)
		fclose(y.file);
	return rc;
}

/* ---- the environment --------------------------------------------------------------------------------- */

/* Chooses the images that are shown, and counts the classes. */
static int32_t choose(model *m, int64_t first, int64_t number, char *err, size_t err_size)
{
	if (first >= m->count) {
		snprintf(err, err_size, "first: %lld is outside [0, %u], the images there are",
			 (long long)first, (unsigned)m->count - 1);
		return 1;
	}
	if (number > m->count - first) {
		snprintf(err, err_size, "count: from image %lld on there are %lld, not %lld",
			 (long long)first, (long long)(m->count - first), (long long)number);
		return 1;
	}
	m->first = (uint32_t)first;
	m->used = number ? (uint32_t)number : m->count - m->first;
	for (uint32_t i = 0; i < m->count; i++)
		if (m->labels[i] >= m->classes[0])
			m->classes[0] = m->labels[i] + 1;
	if (m->classes[0] < 2) {
		snprintf(err, err_size, "labels: all are 0; at least two classes are needed");
		return 1;
	}
	return 0;
}

static int32_t open_images(const bern_value *values, bern_instance *out, char *err, size_t err_size)
{
	const char *images = values[P_IMAGES].s, *labels = values[P_LABELS].s;
	model *m = calloc(1, sizeof *m);
	if (!m) {
		snprintf(err, err_size, "no memory for the model");
		return 1;
	}
	int32_t rc = *images || *labels ? read_files(m, images, labels, err, err_size)
					: make_digits(m, err, err_size);
	if (!rc)
		rc = choose(m, values[P_FIRST].i, values[P_NUMBER].i, err, err_size);
	if (rc) {
		close_images(m);
		return 1;
	}
	size_t pixels = (size_t)m->rows * m->columns;
	m->low = calloc(pixels, sizeof *m->low);
	m->high = calloc(pixels, sizeof *m->high);
	if (!m->low || !m->high) {
		snprintf(err, err_size, "no memory for the model");
		close_images(m);
		return 1;
	}
	for (size_t i = 0; i < pixels; i++)
		m->high[i] = 1;
	out->model = m;
	out->state_size = sizeof(state);
	out->observation = (bern_space){.kind = BERN_BOX,
					.count = (uint32_t)pixels,
					.ndim = 2,
					.shape = {m->rows, m->columns},
					.low = m->low,
					.high = m->high};
	out->action = (bern_space){
		.kind = BERN_DISCRETE, .count = 1, .sizes = m->classes, .keys = keys};
	out->max_return = 1;
	out->has_max_return = 1;
	return 0;
}

static void reset(const void *model_, void *state_, bern_rng *rng)
{
	const model *m = model_;
	state *s = state_;
	s->image = (int32_t)(m->first + bern_rng_below(rng, m->used));
	s->answer = -1;
}

static void step(const void *model_, void *state_, bern_rng *rng, const void *action,
		 bern_outcome *out)
{
	const model *m = model_;
	state *s = state_;
	(void)rng;
	s->answer = *(const int32_t *)action;
	out->reward = s->answer == m->labels[s->image];
	out->flags = BERN_TERMINATED;
}

static const uint8_t *image_of(const model *m, const state *s)
{
	return m->pixels + (size_t)s->image * m->rows * m->columns;
}

static void observe(const void *model_, const void *state_, void *observation)
{
	const model *m = model_;
	const uint8_t *image = image_of(m, state_);
	float *o = observation; /* (rows, columns) */
	for (size_t i = 0; i < (size_t)m->rows * m->columns; i++)
		o[i] = (float)image[i] / 255;
}

static void read_metrics(const void *model_, const void *state_, double *out)
{
	const model *m = model_;
	const state *s = state_;
	out[0] = s->answer == m->labels[s->image];
}

static void draw(const void *model_, const void *state_, const bern_canvas *c)
{
	const model *m = model_;
	const state *s = state_;
	const uint8_t *image = image_of(m, s);
	const uint32_t ink = BERN_RGB(60, 60, 60), paper = BERN_RGB(255, 255, 255);
	uint32_t row[SIDE_MOST];
	char text[64];
	double cell = 8.0 / (m->rows > m->columns ? m->rows : m->columns);
	c->view(c->user, 0, 0, 10, 10);
	c->rect(c->user, 0, 0, 10, 10, paper);
	for (uint32_t j = 0; j < m->rows; j++) {
		for (uint32_t i = 0; i < m->columns; i++) {
			uint32_t grey = 255u - image[(size_t)j * m->columns + i];
			row[i] = BERN_RGB(grey, grey, grey);
		}
		c->cells(c->user, 1, 9.5 - cell * (j + 1), cell * m->columns, cell, 1, m->columns,
			 row);
	}
	if (s->answer < 0)
		snprintf(text, sizeof text, "image %d", (int)s->image);
	else
		snprintf(text, sizeof text, "%d, and it is %d", (int)s->answer,
			 (int)m->labels[s->image]);
	c->text(c->user, 5, 0.5, 0.6, ink, text);
}

static const bern_env imagebandit = {
	.abi = BERN_ENV_ABI,
	.struct_size = sizeof(bern_env),
	.id = "ImageBandit-v0",
	.summary = "name the class of an image, told only whether that was right (IDX files)",
	.source = "IDX: LeCun, Cortes & Burges, the MNIST database; the digits are Bern's own",
	.params = params,
	.fields = fields,
	.metrics = metrics,
	.param_count = P_COUNT,
	.field_count = sizeof fields / sizeof fields[0],
	.metric_count = sizeof metrics / sizeof metrics[0],
	.has_returns = 1,
	.random_return = 0.1, /* of ten classes */
	.solved_return = 0.95,
	.step_seconds = 0.5,
	.open = open_images,
	.close = close_images,
	.reset = reset,
	.step = step,
	.observe = observe,
	.read_metrics = read_metrics,
	.draw = draw,
};

BERN_PLUGIN(imagebandit, &imagebandit);
