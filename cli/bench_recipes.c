#include "bench_recipes.h"

#include "evaluate.h"
#include "experiment.h"
#include "options.h"
#include "statistics.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INTERVAL_ROOM 128

/* Over the seeds: the interquartile mean with a bootstrap's interval of 95%, and the lowest; NaN: not known. */
typedef struct figure {
	estimate middle;
	double least;
} figure;

typedef struct row {
	const char *recipe;
	char env[256];
	double random, goal, best; /* NaN: not known */
	size_t seeds, reached, broke;
	double steps; /* median */
	figure left, learning;
} row;

/* What the table says of a recipe before anything is trained. */
static int32_t look_up(const char *name, row *r, bern_error *e)
{
	bern_registry *registry;
	run_config config;
	bern_world world;
	config_origins origins;
	const config_sources sources = {.recipe = name};
	const size_t stop_return = train_option_find("stop_return");
	*r = (row){.recipe = name, .random = NAN, .goal = NAN, .best = NAN};
	int32_t rc = open_registry(&registry, NULL, 0, e);
	if (rc)
		return rc;
	rc = config_resolve(&sources, registry, &config, &world, &origins, e);
	if (rc == 0) {
		const bern_env *env = world.env;
		snprintf(r->env, sizeof r->env, "%s", env->id);
		if (env->has_returns)
			r->random = env->random_return;
		if (origins.options[stop_return])
			r->goal = config.run.stop_return;
		if (world.instance.has_max_return)
			r->best = world.instance.max_return;
		bern_world_finish(&world);
		run_config_finish(&config);
		config_origins_finish(&origins);
	}
	bern_registry_destroy(registry);
	return rc;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double *x, size_t count)
{
	qsort(x, count, sizeof *x, ascending);
	return count % 2 ? x[count / 2] : 0.5 * (x[count / 2 - 1] + x[count / 2]);
}

/* Numbers that are NaN, of seeds whose learning broke, are left out; x is left without them. */
static int32_t figure_of(double *x, size_t count, figure *f, bern_error *e)
{
	const bootstrap plan = {BOOTSTRAP_SEED, BOOTSTRAP_RESAMPLES};
	estimate all[STATISTICS];
	size_t n = 0;
	*f = (figure){{NAN, NAN, NAN}, NAN};
	for (size_t i = 0; i < count; i++) {
		if (isnan(x[i]))
			continue;
		f->least = n && f->least <= x[i] ? f->least : x[i];
		x[n++] = x[i];
	}
	if (!n)
		return 0;
	const score_set set = {.tasks = 1, .runs = &n, .scores = x};
	int32_t rc = statistics_of(&set, 0, &plan, all, e);
	if (!rc)
		f->middle = all[STATISTIC_IQM];
	return rc;
}

static int32_t train(row *r, size_t seeds, bern_error *e)
{
	const experiment x = {.recipe = r->recipe};
	double *left = calloc(3 * seeds, sizeof *left);
	double *learning = left + seeds, *steps = learning + seeds;
	int32_t rc = left ? 0 : bern_fail(e, BERN_EMEMORY, "out of memory");
	r->seeds = seeds;
	for (size_t i = 0; !rc && i < seeds; i++) {
		experiment_result result;
		rc = experiment_run(&x, i + 1, &result, e);
		if (rc) {
			bern_because(e, "recipe %s, seed %zu", r->recipe, i + 1);
			break;
		}
		left[i] = result.mean;
		learning[i] = result.learning;
		steps[i] = (double)result.steps;
		r->broke += result.broke != 0;
		double judged = isnan(left[i]) ? learning[i] : left[i];
		r->reached += judged >= r->goal;
	}
	if (!rc)
		r->steps = median(steps, seeds);
	if (!rc)
		rc = figure_of(left, seeds, &r->left, e);
	if (!rc)
		rc = figure_of(learning, seeds, &r->learning, e);
	free(left);
	return rc;
}

/* ---- rows ------------------------------------------------------------------------------------------------------ */

/* A number as the table has it: five digits at most; "-" where there is none. */
static const char *number(double x, char out[32])
{
	if (isnan(x))
		snprintf(out, 32, "-");
	else if (fabs(x) >= 1000)
		snprintf(out, 32, "%.0f", x);
	else
		snprintf(out, 32, "%.4g", x);
	return out;
}

static const char *interval(const estimate *x, char out[INTERVAL_ROOM])
{
	char value[32], low[32], high[32];
	if (isnan(x->low))
		snprintf(out, INTERVAL_ROOM, "%s", number(x->value, value));
	else
		snprintf(out, INTERVAL_ROOM, "%s (%s to %s)", number(x->value, value),
			 number(x->low, low), number(x->high, high));
	return out;
}

static void print_head(void)
{
	printf("| recipe | random | best | goal | reached | return | worst | learning | steps |\n"
	       "|---|---|---|---|---|---|---|---|---|\n");
}

static void print_row(const row *r)
{
	char a[32], b[32], c[32], d[32], f[INTERVAL_ROOM], g[INTERVAL_ROOM];
	char reached[64] = "-", broke[40] = "";
	const figure *judged = isnan(r->left.least) ? &r->learning : &r->left;
	if (!isnan(r->goal))
		snprintf(reached, sizeof reached, "%zu of %zu", r->reached, r->seeds);
	if (r->broke)
		snprintf(broke, sizeof broke, ", %zu broke", r->broke);
	printf("| `%s` | %s | %s | %s | %s%s | %s | %s | %s | %.0f |\n", r->recipe,
	       number(r->random, a), number(r->best, b), number(r->goal, c), reached, broke,
	       interval(&judged->middle, f), number(judged->least, d),
	       interval(&r->learning.middle, g), r->steps);
	fflush(stdout);
}

static json_t *json_figure(const figure *f)
{
	json_t *object = json_object();
	const struct {
		const char *key;
		double value;
	} parts[] = {{"iqm", f->middle.value},
		     {"low", f->middle.low},
		     {"high", f->middle.high},
		     {"least", f->least}};
	for (size_t i = 0; i < 4; i++)
		json_object_set_new(object, parts[i].key,
				    isnan(parts[i].value) ? json_null()
							  : json_real(parts[i].value));
	return object;
}

static void print_json(const row *r)
{
	json_t *root = json_object();
	const struct {
		const char *key;
		double value;
	} numbers[] = {{"random", r->random}, {"best", r->best}, {"goal", r->goal}};
	json_object_set_new(root, "recipe", json_string(r->recipe));
	json_object_set_new(root, "env", json_string(r->env));
	for (size_t i = 0; i < 3; i++)
		json_object_set_new(root, numbers[i].key,
				    isnan(numbers[i].value) ? json_null()
							    : json_real(numbers[i].value));
	json_object_set_new(root, "seeds", json_integer((json_int_t)r->seeds));
	json_object_set_new(root, "reached",
			    isnan(r->goal) ? json_null() : json_integer((json_int_t)r->reached));
	json_object_set_new(root, "broke", json_integer((json_int_t)r->broke));
	json_object_set_new(root, "steps", json_real(r->steps));
	json_object_set_new(root, "return", json_figure(&r->left));
	json_object_set_new(root, "learning", json_figure(&r->learning));
	json_dumpf(root, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15));
	putchar('\n');
	fflush(stdout);
	json_decref(root);
}

int32_t bench_recipes(const char *const *names, size_t count, size_t seeds, int json, bern_error *e)
{
	char **all = NULL;
	size_t all_count = count ? 0 : recipe_names(&all);
	size_t rows = count ? count : all_count;
	int32_t rc = rows ? 0
			  : bern_fail(e, BERN_EIO,
				      "there are no recipes: $BERN_RECIPES tells where");
	/* a name that is none is refused before hours of training */
	for (size_t i = 0; !rc && i < rows; i++) {
		row r;
		rc = look_up(count ? names[i] : all[i], &r, e);
	}
	if (!rc && !json)
		print_head();
	for (size_t i = 0; !rc && i < rows; i++) {
		row r;
		rc = look_up(count ? names[i] : all[i], &r, e);
		if (!rc)
			rc = train(&r, seeds, e);
		if (!rc && json)
			print_json(&r);
		else if (!rc)
			print_row(&r);
		if (!rc && ferror(stdout))
			rc = bern_fail(e, BERN_EIO, "the table could not be written");
	}
	for (size_t i = 0; i < all_count; i++)
		free(all[i]);
	free(all);
	return rc;
}
