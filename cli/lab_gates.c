#include "command.h"
#include "lab.h"

#include <evaluate.h>
#include <gate_trial.h>
#include <idx.h>
#include <shapes.h>

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	FLAG_IMAGES,
	FLAG_LABELS,
	FLAG_SHAPES,
	FLAG_EXPERTS,
	FLAG_GATER,
	FLAG_TARGET,
	FLAG_EPOCHS,
	FLAG_BATCH,
	FLAG_SEEDS,
	FLAG_SEED,
	FLAG_JSON,
	FLAG_QUIET,
	FLAG_VERBOSE,
	FLAG_HELP
};
static const cli_flag flags[] = {
	{"images", 0, "FILE", "pictures in the IDX format, unpacked; with --labels"},
	{"labels", 0, "FILE", "their labels, one byte each, in the IDX format"},
	{"shapes", 0, "N", "pictures to make where no files are given [3000; 60 .. 1000000]"},
	{"experts", 0, "N", "experts, each with a gate [200; 1 .. 65536]"},
	{"gater", 0, "N", "tanh units before the gates; 0: none [32; 0 .. 65536]"},
	{"gate-target", 0, "X", "share of gates to be open [0.1; between 0 and 1]"},
	{"epochs", 0, "N", "times the pictures are learned from [40; 1 .. 100000]"},
	{"batch", 0, "N", "pictures for each step of learning [32; 1 .. 65536]"},
	{"seeds", 0, "N", "runs of each kind of gate [10; 1 .. 1000]"},
	{"seed", 0, "N", "of the first run; the next one has the next [1]"},
	{"json", 0, NULL, "one JSON object a line, one for each run"},
	CLI_COMMON_FLAGS,
};
#define FLAG_COUNT (sizeof flags / sizeof flags[0])

const command_help lab_gates_help = {
	.usage = "bern lab gates [KIND...] [options]",
	.summary =
		"Conditional computation: expert units that are computed only where a gate is "
		"open.\n"
		"Trains a gated layer to tell pictures apart, with gates of each kind, and prints\n"
		"errors and the share of experts computed, in learning and, with thresholded\n"
		"gates, in the test.",
	.examples = "  bern lab gates\n"
		    "  bern lab gates reward straight-through --gate-target 0.05\n"
		    "  bern lab gates --images train-images-idx3-ubyte --labels "
		    "train-labels-idx1-ubyte \\\n"
		    "    --experts 2000 --gater 400 --epochs 20 --seeds 3\n",
	.notes =
		"Kinds: reward, straight-through, sts (stochastic times smooth), noisy-rectifier,\n"
		"rectifier, sigmoid-noise, sigmoid, and none, the same layer without gates. Two\n"
		"thirds of the pictures are learned from; one sixth chooses the epoch; the rest "
		"is\n"
		"the test. Every seed shuffles them, and makes pictures of its own if there are\n"
		"no files. After Bengio, Leonard & Courville 2013, arXiv 1308.3432, section 5.\n",
	.flags = flags,
	.flag_count = FLAG_COUNT,
};

typedef struct gates_request {
	const char *images, *labels;
	size_t shapes, seeds;
	uint64_t seed;
	bern_gate_trial trial;
	int chosen[BERN_GATE_KINDS], some;
	int json, quiet;
} gates_request;

/* ---- what is asked ---- */

static int32_t choose(gates_request *request, const char *name, bern_error *e)
{
	const char *names[BERN_GATE_KINDS];
	char hint[128];
	for (size_t k = 0; k < BERN_GATE_KINDS; k++) {
		names[k] = bern_gate_kinds[k].name;
		if (strcmp(names[k], name) == 0) {
			request->some = request->chosen[k] = 1;
			return 0;
		}
	}
	bern_suggest(name, names, BERN_GATE_KINDS, hint, sizeof hint);
	return bern_fail(e, BERN_EUSAGE, "there is no kind of gate \"%.100s\"%s%s", name, hint,
			 *hint ? "" : "; `bern lab gates --help` lists them");
}

static int32_t set_flag(gates_request *request, size_t flag, const char *text, bern_error *e)
{
	static const bern_param params[FLAG_COUNT] = {
		[FLAG_SHAPES] = {"--shapes", "", BERN_INT, 0, "3000", 60, 1000000, NULL},
		[FLAG_EXPERTS] = {"--experts", "", BERN_INT, 0, "200", 1, 65536, NULL},
		[FLAG_GATER] = {"--gater", "", BERN_INT, 0, "32", 0, 65536, NULL},
		[FLAG_TARGET] = {"--gate-target", "", BERN_REAL, 0, "0.1", -1e300, 1e300, NULL},
		[FLAG_EPOCHS] = {"--epochs", "", BERN_INT, 0, "40", 1, 100000, NULL},
		[FLAG_BATCH] = {"--batch", "", BERN_INT, 0, "32", 1, 65536, NULL},
		[FLAG_SEEDS] = {"--seeds", "", BERN_INT, 0, "10", 1, 1000, NULL},
	};
	bern_value value = {0};
	int32_t failed = 0;
	if (params[flag].key)
		failed = bern_param_parse(&params[flag], text, &value, e);
	if (failed)
		return failed;
	switch (flag) {
	case FLAG_IMAGES:
		request->images = text;
		return 0;
	case FLAG_LABELS:
		request->labels = text;
		return 0;
	case FLAG_SHAPES:
		request->shapes = (size_t)value.i;
		return 0;
	case FLAG_EXPERTS:
		request->trial.plan.gates = (size_t)value.i;
		return 0;
	case FLAG_GATER:
		request->trial.plan.gater = (size_t)value.i;
		return 0;
	case FLAG_TARGET:
		request->trial.plan.target = value.r;
		if (!(value.r > 0.0 && value.r < 1.0))
			return bern_fail(e, BERN_EUSAGE,
					 "--gate-target: %s is no share of gates to be open; "
					 "allowed: numbers between 0 and 1, both excluded",
					 text);
		return 0;
	case FLAG_EPOCHS:
		request->trial.epochs = (size_t)value.i;
		return 0;
	case FLAG_BATCH:
		request->trial.batch = (size_t)value.i;
		return 0;
	case FLAG_SEEDS:
		request->seeds = (size_t)value.i;
		return 0;
	case FLAG_SEED:
		return parse_seed("--seed", text, &request->seed, e);
	case FLAG_JSON:
		request->json = 1;
		return 0;
	default:
		request->quiet = request->quiet || flag == FLAG_QUIET;
		return 0;
	}
}

/* ---- the pictures ---- */

/* The files' own bytes, or pictures made for the seed at hand. */
typedef struct pictures {
	bern_images images;
	uint8_t *pixel, *label; /* owned */
} pictures;

static int32_t read_files(pictures *p, const gates_request *request, bern_error *e)
{
	bern_idx image, label;
	if (!request->images || !request->labels)
		return bern_fail(e, BERN_EUSAGE,
				 "--images and --labels go together, and only %s is given",
				 request->images ? "--images" : "--labels");
	int32_t failed = bern_idx_read(&image, &p->pixel, request->images, e);
	if (!failed)
		failed = bern_idx_read(&label, &p->label, request->labels, e);
	if (failed)
		return failed;
	if (image.dimensions < 2 || label.dimensions != 1)
		return bern_fail(e, BERN_EFORMAT,
				 "%s has %zu dimensions and %s %zu; pictures have 2 or 3 and "
				 "labels 1",
				 request->images, image.dimensions, request->labels,
				 label.dimensions);
	if (image.size[0] != label.size[0])
		return bern_fail(e, BERN_EFORMAT, "%s holds %zu pictures and %s %zu labels",
				 request->images, image.size[0], request->labels, label.size[0]);
	p->images = (bern_images){image.data, label.data, image.size[0], image.item, 0};
	for (size_t n = 0; n < image.size[0]; n++)
		if (label.data[n] >= p->images.classes)
			p->images.classes = (size_t)label.data[n] + 1;
	return 0;
}

static int32_t make_room(pictures *p, const gates_request *request, bern_error *e)
{
	size_t count = request->shapes;
	p->pixel = malloc(count * BERN_SHAPE_PIXELS);
	p->label = malloc(count);
	if (!p->pixel || !p->label)
		return bern_fail(e, BERN_EMEMORY, "no memory for %zu pictures", count);
	p->images = (bern_images){p->pixel, p->label, count, BERN_SHAPE_PIXELS, BERN_SHAPE_CLASSES};
	return 0;
}

/* ---- what comes of it ---- */

typedef struct column {
	double sum, squares;
} column;

static void add(column *c, double x)
{
	c->sum += x;
	c->squares += x * x;
}

static double mean_of(const column *c, size_t n)
{
	return c->sum / (double)n;
}

/* half of the 95% interval of the mean */
static double half_of(const column *c, size_t n)
{
	double mean = mean_of(c, n);
	double variance = (c->squares - (double)n * mean * mean) / (double)(n - 1);
	return bern_student_95(n - 1) * sqrt((variance > 0.0 ? variance : 0.0) / (double)n);
}

/* one cell of the table, 15 wide but for the last of a line */
static void print_share(const column *c, size_t n, int last)
{
	char text[64];
	int length = snprintf(text, sizeof text, "%6.2f", 100.0 * mean_of(c, n));
	if (n > 1)
		snprintf(text + length, sizeof text - (size_t)length, " +- %5.2f",
			 100.0 * half_of(c, n));
	printf(last ? "  %s\n" : "  %-15s", text);
}

static void print_run(const char *kind, uint64_t seed, const bern_gate_result *r)
{
	json_t *object = json_pack("{s:s,s:s,s:I,s:f,s:f,s:f,s:f}", "gates", kind, "seed", "",
				   "epoch", (json_int_t)r->epoch, "valid_error", r->valid_error,
				   "test_error", r->test_error, "open_learning", r->open_learning,
				   "open_test", r->open_test);
	char text[32];
	snprintf(text, sizeof text, "%" PRIu64, seed);
	if (object)
		json_object_set_new(object, "seed", json_string(text));
	char *line = object ? json_dumps(object, JSON_COMPACT) : NULL;
	puts(line ? line : "null");
	free(line);
	json_decref(object);
}

static int32_t run_kind(const gates_request *request, pictures *p, int64_t kind, bern_error *e)
{
	enum { VALID, TEST, LEARNING, TESTING, COLUMNS };
	column columns[COLUMNS] = {0};
	for (size_t s = 0; s < request->seeds; s++) {
		bern_gate_trial trial = request->trial;
		bern_gate_result result;
		trial.plan.kind = kind;
		trial.seed = request->seed + s;
		if (!request->images) {
			bern_rng rng;
			bern_rng_stream(&rng, trial.seed,
					(bern_stream_key){.purpose = BERN_FOR_ENVIRONMENT});
			bern_shapes(p->pixel, p->label, request->shapes, &rng);
		}
		int32_t failed = bern_gate_trial_run(&result, &trial, &p->images, e);
		if (failed)
			return failed;
		if (request->json)
			print_run(bern_gate_kinds[kind].name, trial.seed, &result);
		add(&columns[VALID], result.valid_error);
		add(&columns[TEST], result.test_error);
		add(&columns[LEARNING], result.open_learning);
		add(&columns[TESTING], result.open_test);
		fflush(stdout);
	}
	if (request->json)
		return 0;
	printf("%-17s", bern_gate_kinds[kind].name);
	for (size_t c = 0; c < COLUMNS; c++)
		print_share(&columns[c], request->seeds, c + 1 == COLUMNS);
	fflush(stdout);
	return 0;
}

static int32_t run_all(const gates_request *request, bern_error *e)
{
	pictures p = {0};
	int32_t failed = request->images || request->labels ? read_files(&p, request, e)
							    : make_room(&p, request, e);
	const bern_gated_plan *plan = &request->trial.plan;
	if (!failed && !request->json && !request->quiet)
		printf("%zu pictures of %zu points in %zu classes; %zu experts, a gater of %zu "
		       "units, target %g; %zu epochs\n"
		       "per cent, mean of %zu runs and its 95%% interval\n"
		       "%-17s  %-15s  %-15s  %-15s  %s\n",
		       p.images.count, p.images.pixels, p.images.classes, plan->gates, plan->gater,
		       plan->target, request->trial.epochs, request->seeds, "gates", "validation",
		       "test error", "open, learning", "open, test");
	for (int64_t k = 0; !failed && k < BERN_GATE_KINDS; k++)
		if (!request->some || request->chosen[k])
			failed = run_kind(request, &p, k, e);
	free(p.pixel);
	free(p.label);
	return failed;
}

int lab_gates(const char *program, int argc, char **argv)
{
	(void)program;
	arg_reader args = {argc, argv, flags, FLAG_COUNT, .at = 0};
	gates_request request = {
		.shapes = 3000,
		.seeds = 10,
		.seed = 1,
		.trial = {.plan = {.gates = 200, .gater = 32, .target = 0.1},
			  .epochs = 40,
			  .batch = 32},
	};
	bern_error e;
	int32_t failed;
	while ((failed = arg_next(&args, &e)) == 0 && args.kind != ARG_END) {
		if (args.kind == ARG_FLAG && args.index == FLAG_HELP) {
			help_print(stdout, &lab_gates_help);
			return EXIT_OK;
		}
		failed = args.kind == ARG_WORD ? choose(&request, args.text, &e)
					       : set_flag(&request, args.index, args.text, &e);
		if (failed)
			break;
	}
	if (!failed)
		failed = run_all(&request, &e);
	return failed ? report_error("lab gates", &e) : EXIT_OK;
}
