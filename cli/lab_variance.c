#include "command.h"
#include "lab.h"
#include "plot.h"
#include "trainer.h"

#include <file.h>
#include <lab/variance.h>

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	FLAG_ESTIMATORS,
	FLAG_OVER,
	FLAG_VALUES,
	FLAG_AT,
	FLAG_PLAYS,
	FLAG_CSV,
	FLAG_PLOT,
	FLAG_RECIPE,
	FLAG_SET,
	FLAG_ENV_PATH,
	FLAG_JSON,
	FLAG_QUIET,
	FLAG_VERBOSE,
	FLAG_HELP
};
static const cli_flag flags[] = {
	{"estimators", 0, "LIST", "which to measure, with commas between [that of the recipe]"},
	{"over", 0, "NAME",
	 "what is varied: width, depth, horizon (steps of a play) or firings [firings]"},
	{"values", 0, "LIST",
	 "its values [width 8,16,32,64,128,256,512; depth 1,2,3; horizon 4,8,16,32,64,128; firings "
	 "1,2,4,8,16,32,64]"},
	{"at", 0, "LIST", "steps of training after which is measured [0,2000]"},
	{"plays", 0, "N", "estimates that are judged, and as many for the mean [500; 10 .. 1e7]"},
	{"csv", 0, "FILE", "also write the table as CSV"},
	{"plot", 0, "FILE", "also draw the total variance, as SVG"},
	{"recipe", 0, "NAME", "recipe to start from, as in train"},
	{"set", 0, "KEY=VALUE", "as in train; may be given again"},
	{"env-path", 0, "PATH", "a plugin or a folder of plugins to load; may be given again"},
	{"json", 0, NULL, "one JSON object a line"},
	CLI_COMMON_FLAGS,
};

const command_help lab_variance_help = {
	.usage = "bern lab variance ENV [--estimators LIST] [--over width|depth|horizon|firings] "
		 "[--values LIST] [--at LIST] [--plays N] [--csv FILE] [--plot FILE] [options]",
	.summary = "Trains an agent for some steps, stops, and measures how much the estimates of "
		   "the\n"
		   "gradient vary while its parameters stand still: in total and by layer, per\n"
		   "environment step and per second, against the length of the gradient, and how "
		   "well\n"
		   "one estimate points where the mean of many does. All estimators, numbers of\n"
		   "firings and horizons are measured at the same parameters.",
	.examples = "  bern lab variance CartPole-v1\n"
		    "  bern lab variance CartPole-v1 --over width --estimators unbiased,firings\n"
		    "  bern lab variance CartPole-v1 --over depth --at 0,5000 --plot depth.svg\n",
	.notes = "variance: of the estimate of one play (num_steps steps in num_envs lanes), "
		 "summed over\n"
		 "parameters; of a mean over steps. x steps, x s: times the steps and the seconds "
		 "that a\n"
		 "play takes: what is left after the same number of steps, or the same time. "
		 "std/|g|: its\n"
		 "root over the length of the long-run gradient; '-' where that is lost in noise.\n"
		 "cosine: of one estimate with the mean of as many others, on average.\n"
		 "advantage_scale is none here unless it is given: the scale of the batch would "
		 "hide what\n"
		 "is measured. Depth n means n layers of the first layer's width.\n",
	.flags = flags,
	.flag_count = sizeof flags / sizeof flags[0],
	.with_options = 1,
};

enum { OVER_WIDTH, OVER_DEPTH, OVER_HORIZON, OVER_FIRINGS };
static const char *const over_names[] = {"width", "depth", "horizon", "firings", NULL};
static const char *const over_values[] = {"8,16,32,64,128,256,512", "1,2,3", "4,8,16,32,64,128",
					  "1,2,4,8,16,32,64"};

#define MOST_VALUES     16
#define MOST_TIMES      6
#define MOST_ESTIMATORS 24

typedef struct numbers {
	size_t count;
	int64_t at[MOST_VALUES];
} numbers;

typedef struct variance_request {
	config_sources sources;
	const char **paths; /* owned */
	size_t path_count;
	const char *estimators, *values, *times, *csv, *plot;
	int64_t over, plays;
	int json, quiet, wants_help;
} variance_request;

/* One line of the table. */
typedef struct measured {
	char estimator[64];
	int64_t value, at;
	double seconds; /* of a play */
	lab_variance v;
} measured;

typedef struct variance_table {
	measured *rows; /* owned */
	size_t count;
} variance_table;

/* ---- what is asked for ------------------------------------------------------------------------------------------- */

static int32_t read_numbers(numbers *out, const char *label, const char *text, double min,
			    double max, size_t most, bern_error *e)
{
	const bern_param param = {label, "", BERN_INT, 0, "1", min, max, NULL};
	char word[32];
	out->count = 0;
	for (const char *c = text;;) {
		size_t length = strcspn(c, ",");
		bern_value value;
		if (out->count == most || length >= sizeof word)
			return bern_fail(e, BERN_EUSAGE,
					 "%s: '%.100s' is not a list of at most %zu numbers with "
					 "commas between",
					 label, text, most);
		snprintf(word, sizeof word, "%.*s", (int)length, c);
		int32_t rc = bern_param_parse(&param, word, &value, e);
		if (rc)
			return rc;
		out->at[out->count++] = value.i;
		if (!c[length])
			return 0;
		c += length + 1;
	}
}

static int32_t take_flag(variance_request *r, const arg_reader *args, bern_error *e)
{
	static const bern_param over = {"--over", "", BERN_CHOICE, 0, "firings", 0, 0, over_names};
	static const bern_param plays = {"--plays", "", BERN_INT, 0, "500", 10, 1e7, NULL};
	bern_value value = {0};
	int32_t rc = 0;
	switch (args->index) {
	case FLAG_ESTIMATORS:
		r->estimators = args->text;
		break;
	case FLAG_OVER:
		rc = bern_param_parse(&over, args->text, &value, e);
		r->over = value.i;
		break;
	case FLAG_VALUES:
		r->values = args->text;
		break;
	case FLAG_AT:
		r->times = args->text;
		break;
	case FLAG_PLAYS:
		rc = bern_param_parse(&plays, args->text, &value, e);
		r->plays = value.i;
		break;
	case FLAG_CSV:
		r->csv = args->text;
		break;
	case FLAG_PLOT:
		r->plot = args->text;
		break;
	case FLAG_RECIPE:
		r->sources.recipe = args->text;
		break;
	case FLAG_SET:
		rc = config_give_set(&r->sources.flags, args->text, e);
		break;
	case FLAG_ENV_PATH:
		r->paths[r->path_count++] = args->text;
		break;
	case FLAG_JSON:
		r->json = 1;
		break;
	case FLAG_QUIET:
		r->quiet = 1;
		break;
	case FLAG_VERBOSE:
		break;
	default:
		r->wants_help = 1;
	}
	return rc;
}

static int32_t read_line(variance_request *r, int argc, char **argv, bern_error *e)
{
	arg_reader args = {argc, argv, flags, sizeof flags / sizeof flags[0], 1, .at = 0};
	int32_t rc;
	/* first, so that it can be given */
	rc = config_give_option(&r->sources.flags, train_option_find("advantage_scale"), "none",
				"--advantage-scale", e);
	while (!rc && (rc = arg_next(&args, e)) == 0 && args.kind != ARG_END && !r->wants_help) {
		if (args.kind == ARG_OPTION)
			rc = config_give_option(&r->sources.flags, args.index, args.text,
						args.label, e);
		else if (args.kind == ARG_FLAG)
			rc = take_flag(r, &args, e);
		else if (r->sources.env)
			rc = bern_fail(e, BERN_EUSAGE,
				       "'%.100s' is one argument too many; usage: %s", args.text,
				       lab_variance_help.usage);
		else
			r->sources.env = args.text;
	}
	return rc;
}

/* ---- measuring ------------------------------------------------------------------------------------------------------ */

/* The config with one value of what is varied. */
static int32_t vary(bern_agent_config *config, int64_t over, int64_t value, bern_error *e)
{
	char text[BERN_LIST_TEXT] = "";
	long width = strtol(config->hidden, NULL, 10);
	if (over == OVER_HORIZON || over == OVER_FIRINGS) {
		snprintf(text, sizeof text, "%" PRId64, value);
		return bern_agent_config_set(config, over == OVER_HORIZON ? "num_steps" : "firings",
					     text, e);
	}
	if (over == OVER_WIDTH) {
		/* as many layers as before, all of that width */
		size_t length = 0;
		for (const char *c = config->hidden; c;
		     c = strchr(c, ',') ? strchr(c, ',') + 1 : NULL)
			length += (size_t)snprintf(text + length, sizeof text - length,
						   "%s%" PRId64, length ? "," : "", value);
	} else {
		size_t length = 0;
		for (int64_t i = 0; i < value; i++)
			length += (size_t)snprintf(text + length, sizeof text - length, "%s%ld",
						   length ? "," : "", width);
	}
	return bern_agent_config_set(config, "hidden", text, e);
}

/* Trains the config for so many steps. */
static int32_t trained(bern_agent **agent, bern_agent_config *config, const bern_world *world,
		       uint64_t seed, uint64_t steps, bern_error *e)
{
	bern_lanes lanes = {0};
	*agent = NULL;
	int32_t rc = bern_agent_create(agent, config, world, seed, e);
	if (rc)
		return rc;
	rc = bern_lanes_init(&lanes, world, (size_t)config->num_envs, seed, BERN_FOR_ENVIRONMENT, 0,
			     e);
	if (!rc)
		rc = bern_lanes_reset(&lanes, e);
	while (!rc && lanes.steps < steps)
		rc = (*agent)->kind->learn(*agent, &lanes, e);
	bern_lanes_finish(&lanes);
	return rc;
}

/* Measures one estimator at the parameters of `model`. */
static int32_t measure(measured *row, bern_agent *model, const bern_agent_config *config,
		       const bern_world *world, uint64_t seed, size_t plays, bern_error *e)
{
	bern_agent *agent = NULL;
	bern_lanes lanes = {0};
	int32_t rc = bern_agent_create(&agent, config, world, seed, e);
	if (rc)
		return bern_because(e, "%s at %" PRId64, config->estimator, row->value);
	rc = bern_lanes_init(&lanes, world, (size_t)config->num_envs, seed + 1,
			     BERN_FOR_ENVIRONMENT, 0, e);
	if (!rc)
		rc = bern_lanes_reset(&lanes, e);
	if (!rc)
		rc = lab_variance_copy(agent, model, e);
	double start = trainer_clock();
	if (!rc)
		rc = lab_variance_measure(agent, &lanes, plays, &row->v, e);
	row->seconds = (trainer_clock() - start) / (2.0 * (double)plays);
	bern_lanes_finish(&lanes);
	bern_agent_destroy(agent);
	return rc;
}

/* One estimator after another: "a,b" is cut in place. */
static size_t cut_names(char *text, char **names)
{
	size_t count = 0;
	for (char *c = text; c && count < MOST_ESTIMATORS;) {
		char *comma = strchr(c, ',');
		names[count++] = c;
		if (comma)
			*comma = '\0';
		c = comma ? comma + 1 : NULL;
	}
	return count;
}

static int32_t measure_all(const variance_request *r, const run_config *config,
			   const bern_world *world, variance_table *table, bern_error *e)
{
	numbers values, times;
	char text[1024], *names[MOST_ESTIMATORS];
	double most = r->over == OVER_DEPTH ? 16 : r->over == OVER_HORIZON ? 65536 : 4096;
	int32_t rc = read_numbers(&values, "--values", r->values ? r->values : over_values[r->over],
				  1, most, MOST_VALUES, e);
	if (!rc)
		rc = read_numbers(&times, "--at", r->times ? r->times : "0,2000", 0, 9e15,
				  MOST_TIMES, e);
	if (rc)
		return rc;
	snprintf(text, sizeof text, "%s", r->estimators ? r->estimators : config->agent.estimator);
	size_t count = cut_names(text, names);
	table->rows = calloc(values.count * times.count * count, sizeof *table->rows);
	if (!table->rows)
		return bern_fail(e, BERN_EMEMORY, "memory is out");
	for (size_t t = 0; !rc && t < times.count; t++)
		for (size_t i = 0; !rc && i < values.count; i++) {
			bern_agent_config shape = config->agent;
			bern_agent *model = NULL;
			if (r->over == OVER_WIDTH || r->over == OVER_DEPTH)
				rc = vary(&shape, r->over, values.at[i], e);
			if (!rc)
				rc = trained(&model, &shape, world, config->run.seed,
					     (uint64_t)times.at[t], e);
			for (size_t k = 0; !rc && k < count; k++) {
				bern_agent_config one = shape;
				measured *row = &table->rows[table->count];
				row->value = values.at[i];
				row->at = times.at[t];
				snprintf(row->estimator, sizeof row->estimator, "%s", names[k]);
				rc = vary(&one, r->over, values.at[i], e);
				if (!rc)
					rc = bern_agent_config_set(&one, "estimator", names[k], e);
				if (!rc)
					rc = measure(row, model, &one, world, config->run.seed,
						     (size_t)r->plays, e);
				table->count += rc ? 0 : 1;
			}
			bern_agent_destroy(model);
		}
	return rc;
}

/* ---- telling --------------------------------------------------------------------------------------------------------- */

static const char columns[] = "estimator,%s,at,plays,steps,seconds,variance,variance_x_steps,"
			      "variance_x_seconds,std_over_g,g,cosine,variance_by_layer\n";

/* variance by layer, output last: "0.1 0.2 0.3" */
static void layers_text(const lab_variance *v, char *out, size_t size)
{
	size_t length = 0;
	out[0] = '\0';
	for (size_t l = 0; l < v->layers && length < size; l++)
		length += (size_t)snprintf(out + length, size - length, "%s%.4g", l ? " " : "",
					   v->layer[l]);
}

static void print_json(const measured *m, const char *over)
{
	json_t *layers = json_array();
	for (size_t l = 0; l < m->v.layers; l++)
		json_array_append_new(layers, json_real(m->v.layer[l]));
	json_t *object = json_pack("{s:s,s:I,s:I,s:I,s:f,s:f,s:f,s:f,s:f,s:o}", "estimator",
				   m->estimator, over, (json_int_t)m->value, "at",
				   (json_int_t)m->at, "plays", (json_int_t)m->v.plays, "steps",
				   m->v.steps, "seconds", m->seconds, "variance", m->v.total, "g",
				   m->v.length, "cosine", m->v.cosine, "variance_by_layer", layers);
	char *line = object ? json_dumps(object, JSON_COMPACT) : NULL;
	puts(line ? line : "null");
	free(line);
	json_decref(object);
}

static void print_table(const variance_table *table, const variance_request *r)
{
	for (size_t i = 0; i < table->count; i++) {
		const measured *m = &table->rows[i];
		char layers[400], ratio[32] = "-";
		if (r->json) {
			print_json(m, over_names[r->over]);
			continue;
		}
		if (i == 0)
			printf("%-20s %8s %8s %11s %11s %11s %9s %7s  %s\n", "estimator",
			       over_names[r->over], "at", "variance", "x steps", "x s", "std/|g|",
			       "cosine", "variance by layer, output last");
		if (m->v.length > 0.0)
			snprintf(ratio, sizeof ratio, "%.3g", sqrt(m->v.total) / m->v.length);
		layers_text(&m->v, layers, sizeof layers);
		printf("%-20s %8" PRId64 " %8" PRId64 " %11.4g %11.4g %11.3g %9s %7.3f  %s\n",
		       m->estimator, m->value, m->at, m->v.total, m->v.total * m->v.steps,
		       m->v.total * m->seconds, ratio, m->v.cosine, layers);
	}
}

static int32_t write_csv(const variance_table *table, const variance_request *r, bern_error *e)
{
	size_t room = 1024 + 1024 * table->count, length = 0;
	char *text = malloc(room);
	if (!text)
		return bern_fail(e, BERN_EMEMORY, "memory is out");
	length += (size_t)snprintf(text, room, columns, over_names[r->over]);
	for (size_t i = 0; i < table->count; i++) {
		const measured *m = &table->rows[i];
		char layers[400];
		layers_text(&m->v, layers, sizeof layers);
		length += (size_t)snprintf(
			text + length, room - length,
			"%s,%" PRId64 ",%" PRId64
			",%zu,%.9g,%.4g,%.9g,%.9g,%.4g,%.6g,%.9g,%.6g,%s\n",
			m->estimator, m->value, m->at, m->v.plays, m->v.steps, m->seconds,
			m->v.total, m->v.total * m->v.steps, m->v.total * m->seconds,
			m->v.length > 0.0 ? sqrt(m->v.total) / m->v.length : (double)NAN,
			m->v.length, m->v.cosine, layers);
	}
	const bern_piece piece = {text, length};
	int32_t rc = bern_file_replace(r->csv, &piece, 1, e);
	free(text);
	return rc;
}

/* A line for each estimator and moment of training. */
static int32_t draw(const variance_table *table, const variance_request *r, const char *env,
		    bern_error *e)
{
	double x[PLOT_SERIES][MOST_VALUES], y[PLOT_SERIES][MOST_VALUES];
	char names[PLOT_SERIES][96], title[300];
	plot p = {.title = title,
		  .x_label = over_names[r->over],
		  .y_label = "variance of one play's estimate",
		  .log_x = 1,
		  .log_y = 1};
	snprintf(title, sizeof title, "%.200s: variance of the gradient's estimates", env);
	for (size_t i = 0; i < table->count; i++) {
		const measured *m = &table->rows[i];
		char name[96];
		size_t s = 0;
		snprintf(name, sizeof name, "%.60s, step %" PRId64, m->estimator, m->at);
		while (s < p.count && strcmp(names[s], name) != 0)
			s++;
		if (s == PLOT_SERIES)
			return bern_fail(e, BERN_EUSAGE,
					 "--plot: a picture has room for %d lines, and there are "
					 "more estimators times moments",
					 PLOT_SERIES);
		if (s == p.count) {
			memcpy(names[s], name, sizeof name);
			p.series[p.count++] = (plot_series){names[s], 0, x[s], y[s]};
		}
		x[s][p.series[s].count] = (double)m->value;
		y[s][p.series[s].count++] = m->v.total;
	}
	return plot_write(&p, r->plot, e);
}

static int32_t tell(const variance_request *r, const run_config *config, const bern_world *world,
		    bern_error *e)
{
	variance_table table = {0};
	int32_t rc = measure_all(r, config, world, &table, e);
	if (!rc && r->csv)
		rc = write_csv(&table, r, e);
	if (!rc && r->plot)
		rc = draw(&table, r, world->env->id, e);
	if (!rc)
		print_table(&table, r);
	free(table.rows);
	return rc;
}

int lab_variance_table(const char *program, int argc, char **argv)
{
	variance_request r = {.over = OVER_FIRINGS, .plays = 500};
	run_config config;
	bern_world world;
	config_origins origins;
	bern_registry *registry = NULL;
	bern_error e;
	(void)program;
	r.paths = calloc((size_t)argc + 1, sizeof *r.paths);
	int32_t rc = r.paths ? read_line(&r, argc, argv, &e)
			     : bern_fail(&e, BERN_EMEMORY, "memory is out");
	if (rc == 0 && r.wants_help) {
		help_print(stdout, &lab_variance_help);
	} else if (rc == 0 && !r.sources.env && !r.sources.recipe) {
		rc = bern_fail(&e, BERN_EUSAGE, "which environment? usage: %s",
			       lab_variance_help.usage);
	} else if (rc == 0) {
		rc = open_registry(&registry, r.paths, r.path_count, &e);
		if (!rc)
			rc = config_resolve(&r.sources, registry, &config, &world, &origins, &e);
		if (!rc) {
			rc = tell(&r, &config, &world, &e);
			bern_world_finish(&world);
			run_config_finish(&config);
			config_origins_finish(&origins);
		}
		bern_registry_destroy(registry);
	}
	config_list_finish(&r.sources.flags);
	free(r.paths);
	return rc ? report_error("lab variance", &e) : EXIT_OK;
}
