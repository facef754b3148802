#include "sweep_file.h"

#include "options.h"

#include <bern/math.h>
#include <bern/rng.h>
#include <bern/seed.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

static const char *const methods[] = {"grid", "random", "halving", NULL};
static const char *const measures[] = {"steps", "return", NULL};

/* The numbers of a sweep, by the same rules as options. */
static const bern_option fields[] = {
	{{"method", "", BERN_CHOICE, 0, "grid", 0, 0, methods}, offsetof(sweep_plan, method), ""},
	{{"measure", "", BERN_CHOICE, 0, "return", 0, 0, measures},
	 offsetof(sweep_plan, measure),
	 ""},
	{{"configurations", "", BERN_INT, 0, "20", 1, SWEEP_CONFIGURATIONS, NULL},
	 offsetof(sweep_plan, configurations),
	 ""},
	{{"budget", "", BERN_INT, 0, "50000", 1, 9e15, NULL}, offsetof(sweep_plan, budget), ""},
	{{"least_budget", "", BERN_INT, 0, "0", 0, 9e15, NULL},
	 offsetof(sweep_plan, least_budget),
	 ""},
	{{"seeds", "", BERN_INT, 0, "3", 1, 1000, NULL}, offsetof(sweep_plan, seeds), ""},
	{{"finalists", "", BERN_INT, 0, "3", 1, 100, NULL}, offsetof(sweep_plan, finalists), ""},
	{{"final_seeds", "", BERN_INT, 0, "10", 1, 1000, NULL},
	 offsetof(sweep_plan, final_seeds),
	 ""},
	{{"sweep_seed", "", BERN_INT, 0, "1", 0, 9e15, NULL}, offsetof(sweep_plan, sweep_seed), ""},
	{{"eta", "", BERN_INT, 0, "3", 2, 100, NULL}, offsetof(sweep_plan, eta), ""},
};
#define FIELDS (sizeof fields / sizeof fields[0])

/* ---- reading ---------------------------------------------------------------------------------------------------- */

typedef struct reading {
	const char *name;
	yaml_document_t document;
	sweep_plan *plan;
	bern_error *e;
} reading;

static size_t line_of(const yaml_node_t *node)
{
	return node->start_mark.line + 1;
}

static const yaml_node_t *node_at(reading *r, int item)
{
	return yaml_document_get_node(&r->document, item);
}

static int32_t refuse(const reading *r, const yaml_node_t *node, const char *what)
{
	return bern_fail(r->e, BERN_EUSAGE, "%s:%zu: %s", r->name, line_of(node), what);
}

/* The text of a scalar; NULL after an error. */
static const char *scalar(const reading *r, const yaml_node_t *node, const char *what)
{
	if (node->type == YAML_SCALAR_NODE &&
	    strlen((const char *)node->data.scalar.value) == node->data.scalar.length)
		return (const char *)node->data.scalar.value;
	refuse(r, node, what);
	return NULL;
}

static int32_t copy(const reading *r, char **out, const char *text)
{
	free(*out);
	*out = strdup(text);
	return *out ? 0 : bern_fail(r->e, BERN_EMEMORY, "out of memory");
}

static int32_t read_base(reading *r, const yaml_node_t *map)
{
	sweep_plan *plan = r->plan;
	if (map->type != YAML_MAPPING_NODE)
		return refuse(r, map, "base: a map of options and their values is wanted");
	for (const yaml_node_pair_t *p = map->data.mapping.pairs.start;
	     p < map->data.mapping.pairs.top; p++) {
		const yaml_node_t *key_node = node_at(r, p->key);
		const char *key = scalar(r, key_node, "base: the name of an option is wanted");
		const char *text =
			key ? scalar(r, node_at(r, p->value), "base: one value is wanted") : NULL;
		if (!text)
			return BERN_EUSAGE;
		if (plan->base_count == SWEEP_KEYS)
			return refuse(
				r, key_node,
				"base: more than 8 keys are not allowed; put them in a recipe");
		plan->base[plan->base_count].line = line_of(key_node);
		size_t at = plan->base_count++;
		int32_t rc = copy(r, &plan->base[at].key, key);
		if (rc || (rc = copy(r, &plan->base[at].text, text)))
			return rc;
	}
	return 0;
}

static int32_t read_choices(reading *r, sweep_axis *axis, const yaml_node_t *list)
{
	axis->range = RANGE_CHOICE;
	for (const yaml_node_item_t *item = list->data.sequence.items.start;
	     item < list->data.sequence.items.top; item++) {
		const yaml_node_t *node = node_at(r, *item);
		const char *text = scalar(r, node, "a value is wanted, not a list or map");
		if (!text)
			return BERN_EUSAGE;
		if (strlen(text) >= 64)
			return refuse(r, node, "values of 64 characters and more are not allowed");
		if (axis->count == SWEEP_CHOICES)
			return refuse(r, node, "more than 64 values are not allowed");
		for (size_t i = 0; i < axis->count; i++)
			if (!strcmp(axis->choices[i], text))
				return refuse(r, node, "the same value stands there twice");
		int32_t rc = copy(r, &axis->choices[axis->count++], text);
		if (rc)
			return rc;
	}
	return axis->count ? 0 : refuse(r, list, "an empty list: nothing to choose from");
}

static int32_t read_end(const reading *r, const yaml_node_t *node, double *out)
{
	static const bern_param real = {"range", "", BERN_REAL, 0, "0", -1e300, 1e300, NULL};
	bern_value value;
	bern_error why;
	const char *text = scalar(r, node, "a number is wanted");
	if (!text)
		return BERN_EUSAGE;
	if (bern_param_parse(&real, text, &value, &why))
		return bern_fail(r->e, BERN_EUSAGE, "%s:%zu: '%.60s' is not a finite number",
				 r->name, line_of(node), text);
	*out = value.r;
	return 0;
}

/* {uniform: [low, high]} and the like. */
static int32_t read_range(reading *r, sweep_axis *axis, const yaml_node_t *map)
{
	static const char *const names[] = {"choice", "uniform", "log_uniform", "integer",
					    "log_integer"};
	const yaml_node_pair_t *p = map->data.mapping.pairs.start;
	if (map->data.mapping.pairs.top != p + 1)
		return refuse(r, map, "one range is wanted, as {uniform: [0, 1]}");
	const char *word = scalar(r, node_at(r, p->key), "the name of a range is wanted");
	const yaml_node_t *list = node_at(r, p->value);
	if (!word)
		return BERN_EUSAGE;
	axis->range = -1;
	for (int32_t i = 0; i < 5; i++)
		if (!strcmp(word, names[i]))
			axis->range = i;
	if (axis->range < 0)
		return bern_fail(r->e, BERN_EUSAGE,
				 "%s:%zu: no range %.40s; allowed: choice, uniform, log_uniform, "
				 "integer, log_integer",
				 r->name, line_of(map), word);
	if (list->type != YAML_SEQUENCE_NODE)
		return refuse(r, list, "a list is wanted, as [0, 1]");
	if (axis->range == RANGE_CHOICE)
		return read_choices(r, axis, list);
	if (list->data.sequence.items.top != list->data.sequence.items.start + 2)
		return refuse(r, list, "a range has two ends, as [0, 1]");
	int32_t rc = read_end(r, node_at(r, list->data.sequence.items.start[0]), &axis->low);
	if (!rc)
		rc = read_end(r, node_at(r, list->data.sequence.items.start[1]), &axis->high);
	if (rc)
		return rc;
	int logs = axis->range == RANGE_LOG_UNIFORM || axis->range == RANGE_LOG_INTEGER;
	int whole = axis->range == RANGE_INTEGER || axis->range == RANGE_LOG_INTEGER;
	if (!(axis->low < axis->high))
		return refuse(r, list, "the first end must be less than the second");
	if (logs && axis->low <= 0)
		return refuse(r, list, "both ends of a logarithmic range must be above 0");
	if (whole && (axis->low != floor(axis->low) || axis->high != floor(axis->high) ||
		      fabs(axis->low) > 9e15 || fabs(axis->high) > 9e15))
		return refuse(r, list, "the ends of an integer range must be whole numbers");
	return 0;
}

static int32_t read_space(reading *r, const yaml_node_t *map)
{
	sweep_plan *plan = r->plan;
	if (map->type != YAML_MAPPING_NODE)
		return refuse(r, map, "space: a map of options and their ranges is wanted");
	for (const yaml_node_pair_t *p = map->data.mapping.pairs.start;
	     p < map->data.mapping.pairs.top; p++) {
		const yaml_node_t *key_node = node_at(r, p->key), *node = node_at(r, p->value);
		const char *key = scalar(r, key_node, "space: the name of an option is wanted");
		if (!key)
			return BERN_EUSAGE;
		if (plan->space_count == SWEEP_KEYS)
			return refuse(r, key_node, "space: more than 8 keys are not allowed");
		for (size_t i = 0; i < plan->space_count; i++)
			if (!strcmp(plan->space[i].key, key))
				return refuse(r, key_node,
					      "the same key stands in the space twice");
		sweep_axis *axis = &plan->space[plan->space_count++];
		axis->line = line_of(key_node);
		int32_t rc = copy(r, &axis->key, key);
		if (!rc && node->type == YAML_SEQUENCE_NODE)
			rc = read_choices(r, axis, node);
		else if (!rc && node->type == YAML_MAPPING_NODE)
			rc = read_range(r, axis, node);
		else if (!rc)
			rc = refuse(r, node,
				    "a list of values or a range is wanted, as [1, 2] or "
				    "{uniform: [0, 1]}");
		if (rc)
			return rc;
	}
	return plan->space_count ? 0 : refuse(r, map, "an empty space: nothing to vary");
}

static int32_t read_entry(reading *r, const yaml_node_t *key_node, const yaml_node_t *node)
{
	const char *key = scalar(r, key_node, "a name is wanted");
	if (!key)
		return BERN_EUSAGE;
	if (!strcmp(key, "base"))
		return read_base(r, node);
	if (!strcmp(key, "space"))
		return read_space(r, node);
	const char *text = scalar(r, node, "one value is wanted, not a list or map");
	if (!text)
		return BERN_EUSAGE;
	if (!strcmp(key, "env"))
		return copy(r, &r->plan->env, text);
	if (!strcmp(key, "recipe"))
		return copy(r, &r->plan->recipe, text);
	const char *names[FIELDS + 4] = {"env", "recipe", "base", "space"};
	for (size_t i = 0; i < FIELDS; i++) {
		bern_error why;
		names[i + 4] = fields[i].param.key;
		if (strcmp(key, fields[i].param.key) != 0)
			continue;
		if (bern_option_set(&fields[i], r->plan, text, &why))
			return bern_fail(r->e, BERN_EUSAGE, "%s:%zu: %.300s", r->name,
					 line_of(key_node), why.text);
		return 0;
	}
	char hint[128];
	bern_suggest(key, names, FIELDS + 4, hint, sizeof hint);
	return bern_fail(r->e, BERN_EUSAGE, "%s:%zu: a sweep has no %.60s%s", r->name,
			 line_of(key_node), key, hint);
}

static int32_t read_document(reading *r)
{
	const yaml_node_t *root = yaml_document_get_root_node(&r->document);
	if (!root)
		return bern_fail(r->e, BERN_EUSAGE, "%s: the file is empty", r->name);
	if (root->type != YAML_MAPPING_NODE)
		return refuse(r, root, "a map is wanted, as `env: CartPole-v1`");
	for (const yaml_node_pair_t *p = root->data.mapping.pairs.start;
	     p < root->data.mapping.pairs.top; p++) {
		int32_t rc = read_entry(r, node_at(r, p->key), node_at(r, p->value));
		if (rc)
			return rc;
	}
	const sweep_plan *plan = r->plan;
	if (!plan->env && !plan->recipe)
		return bern_fail(r->e, BERN_EUSAGE, "%s: neither env nor recipe is given", r->name);
	if (!plan->space_count)
		return bern_fail(r->e, BERN_EUSAGE, "%s: no space is given: nothing to vary",
				 r->name);
	for (size_t i = 0; plan->method == SWEEP_GRID && i < plan->space_count; i++)
		if (plan->space[i].range != RANGE_CHOICE)
			return bern_fail(
				r->e, BERN_EUSAGE,
				"%s:%zu: a grid takes lists of values, as [1, 2, 4]; ranges are "
				"for the methods random and halving",
				r->name, plan->space[i].line);
	if (plan->least_budget > plan->budget)
		return bern_fail(r->e, BERN_EUSAGE, "%s: least_budget is more than budget",
				 r->name);
	return 0;
}

int32_t sweep_plan_read(sweep_plan *plan, const char *name, const char *text, size_t size,
			bern_error *e)
{
	reading r = {.name = name, .plan = plan, .e = e};
	yaml_parser_t parser;
	memset(plan, 0, sizeof *plan);
	bern_options_defaults(fields, FIELDS, plan);
	if (!yaml_parser_initialize(&parser))
		return bern_fail(e, BERN_EMEMORY, "out of memory");
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
	int32_t rc = 0;
	if (yaml_parser_load(&parser, &r.document)) {
		rc = read_document(&r);
		yaml_document_delete(&r.document);
	} else
		rc = bern_fail(e, BERN_EUSAGE, "%s:%zu: not YAML: %s", name,
			       parser.problem_mark.line + 1,
			       parser.problem ? parser.problem : "it cannot be read");
	yaml_parser_delete(&parser);
	if (!rc && plan->least_budget == 0)
		plan->least_budget = plan->budget / (plan->eta * plan->eta);
	if (!rc && plan->least_budget == 0)
		plan->least_budget = 1;
	return rc;
}

void sweep_plan_finish(sweep_plan *plan)
{
	free(plan->env);
	free(plan->recipe);
	for (size_t i = 0; i < plan->base_count; i++) {
		free(plan->base[i].key);
		free(plan->base[i].text);
	}
	for (size_t i = 0; i < plan->space_count; i++) {
		free(plan->space[i].key);
		for (size_t c = 0; c < plan->space[i].count; c++)
			free(plan->space[i].choices[c]);
	}
	memset(plan, 0, sizeof *plan);
}

/* ---- configurations --------------------------------------------------------------------------------------------- */

int32_t sweep_count(const sweep_plan *plan, const char *name, size_t *count, bern_error *e)
{
	*count = plan->method == SWEEP_GRID ? 1 : (size_t)plan->configurations;
	for (size_t i = 0; plan->method == SWEEP_GRID && i < plan->space_count; i++) {
		*count *= plan->space[i].count;
		if (*count > SWEEP_CONFIGURATIONS)
			return bern_fail(
				e, BERN_EUSAGE,
				"%s: the grid has more than %d configurations; use method: random",
				name, SWEEP_CONFIGURATIONS);
	}
	return 0;
}

/* A draw inside an axis. u is inside [0, 1). */
static void draw_value(const sweep_axis *axis, double u, char out[64])
{
	double x;
	switch (axis->range) {
	case RANGE_UNIFORM:
		x = axis->low + u * (axis->high - axis->low);
		break;
	case RANGE_LOG_UNIFORM:
	case RANGE_LOG_INTEGER:
		x = bern_exp(bern_log(axis->low) +
			     u * (bern_log(axis->high) - bern_log(axis->low)));
		break;
	case RANGE_INTEGER:
		x = floor(axis->low + u * (axis->high - axis->low + 1));
		break;
	default:
		snprintf(out, 64, "%s", axis->choices[(size_t)(u * (double)axis->count)]);
		return;
	}
	if (axis->range == RANGE_LOG_INTEGER)
		x = floor(x + 0.5);
	x = x < axis->low ? axis->low : x > axis->high ? axis->high : x;
	/* four digits say enough and can be read; an end of a range is never left by rounding */
	snprintf(out, 64, "%.4g", x);
	double rounded = strtod(out, NULL);
	if (rounded < axis->low || rounded > axis->high || axis->range == RANGE_INTEGER ||
	    axis->range == RANGE_LOG_INTEGER)
		snprintf(out, 64, "%.16g", x);
}

void sweep_values(const sweep_plan *plan, size_t index, char values[SWEEP_KEYS][64])
{
	if (plan->method == SWEEP_GRID) {
		/* the last key changes fastest, as digits of a number do */
		for (size_t i = plan->space_count; i-- > 0;) {
			const sweep_axis *axis = &plan->space[i];
			snprintf(values[i], 64, "%s", axis->choices[index % axis->count]);
			index /= axis->count;
		}
		return;
	}
	bern_rng rng;
	bern_rng_stream(&rng, (uint64_t)plan->sweep_seed,
			(bern_stream_key){.purpose = BERN_FOR_LEARNING, .lane = (uint32_t)index});
	for (size_t i = 0; i < plan->space_count; i++)
		draw_value(&plan->space[i], bern_rng_uniform(&rng), values[i]);
}

void sweep_experiment(const sweep_plan *plan, size_t index, char values[SWEEP_KEYS][64],
		      const char *steps, experiment *x)
{
	*x = (experiment){.env = plan->env, .recipe = plan->recipe};
	sweep_values(plan, index, values);
	experiment_set(x, "total_timesteps", steps);
	for (size_t i = 0; i < plan->base_count; i++)
		experiment_set(x, plan->base[i].key, plan->base[i].text);
	for (size_t i = 0; i < plan->space_count; i++)
		experiment_set(x, plan->space[i].key, values[i]);
}

/* Keys that a sweep gives itself. */
static int32_t check_key(const char *name, size_t line, const char *key, bern_error *e)
{
	static const char *const own[] = {"seed", "name", "runs_dir", "total_timesteps"};
	size_t option = train_option_find(key);
	char hint[128];
	if (option < train_option_count()) {
		for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
			if (!strcmp(train_option_at(option)->param.key, own[i]))
				return bern_fail(
					e, BERN_EUSAGE,
					"%s:%zu: %s is chosen by the sweep itself (seeds, budget)",
					name, line, key);
		return 0;
	}
	if (!strncmp(key, "env.", 4) || !strncmp(key, "train.", 6))
		return 0; /* told apart where it is set */
	train_option_suggest(key, hint, sizeof hint);
	return bern_fail(e, BERN_EUSAGE,
			 "%s:%zu: no option %.60s%s; parameters of the environment are env.KEY",
			 name, line, key, hint);
}

static int32_t because(const char *name, size_t line, const bern_error *why, bern_error *e)
{
	return bern_fail(e, BERN_EUSAGE, "%s:%zu: %.400s", name, line, why->text);
}

/* Checks the plan with one key set to `text`, or as it is for NULL. */
static int32_t check_alone(const sweep_plan *plan, const char *name, size_t line, const char *key,
			   const char *text, bern_error *e)
{
	experiment x = {.env = plan->env, .recipe = plan->recipe};
	bern_error why;
	for (size_t i = 0; i < plan->base_count; i++)
		experiment_set(&x, plan->base[i].key, plan->base[i].text);
	if (key)
		experiment_set(&x, key, text);
	int looks = 0;
	int32_t rc = experiment_check(&x, NULL, &looks, &why);
	if (!rc && !key && plan->measure == SWEEP_STEPS && !looks)
		return bern_fail(
			e, BERN_EUSAGE,
			"%s: measure: steps needs looks that may end a training; set "
			"stop_looks, stop_return and eval_interval in base, or measure: return",
			name);
	if (!rc)
		return 0;
	return line ? because(name, line, &why, e)
		    : bern_fail(e, BERN_EUSAGE, "%s: %.400s", name, why.text);
}

int32_t sweep_check(const sweep_plan *plan, const char *name, bern_error *e)
{
	char values[SWEEP_KEYS][64], text[64];
	size_t count;
	int32_t rc = 0;
	for (size_t i = 0; !rc && i < plan->base_count; i++)
		rc = check_key(name, plan->base[i].line, plan->base[i].key, e);
	for (size_t i = 0; !rc && i < plan->space_count; i++)
		rc = check_key(name, plan->space[i].line, plan->space[i].key, e);
	if (!rc)
		rc = sweep_count(plan, name, &count, e);
	if (!rc)
		rc = check_alone(plan, name, 0, NULL, NULL, e);
	/* the ends of ranges, so that the error names the line of the one that is wrong */
	for (size_t i = 0; !rc && i < plan->space_count; i++) {
		const sweep_axis *axis = &plan->space[i];
		for (size_t end = 0; !rc && axis->range != RANGE_CHOICE && end < 2; end++) {
			snprintf(text, sizeof text, "%.16g", end ? axis->high : axis->low);
			rc = check_alone(plan, name, axis->line, axis->key, text, e);
		}
	}
	for (size_t i = 0; !rc && i < count; i++) {
		experiment x;
		bern_error why;
		sweep_experiment(plan, i, values, "1000", &x);
		if (!experiment_check(&x, NULL, NULL, &why))
			continue;
		/* which key is it? one that is wrong by itself names its line */
		for (size_t k = 0; !rc && k < plan->space_count; k++)
			rc = check_alone(plan, name, plan->space[k].line, plan->space[k].key,
					 values[k], e);
		if (!rc)
			rc = bern_fail(e, BERN_EUSAGE, "%s: configuration %zu: %.400s", name, i + 1,
				       why.text);
	}
	return rc;
}
