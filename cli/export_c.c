/* The policy as C99: a text in export/, with the constants of a trained network put in. */
#include "export.h"

#include "export_files.h"

#include "kinds.h"
#include "reinforce.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct writer {
	const bern_reinforce_view *view;
	const export_c_plan *plan;
} writer;

static const char *const mode_words[] = {
	[BERN_SAMPLED] = "sampled: neurons fire by chance and the action is drawn",
	[BERN_MEAN_FIELD] =
		"by its mean field: p in place of firings, and the likeliest action is taken",
	[BERN_THRESHOLDED] =
		"thresholded: neurons fire where p > 1/2, and the likeliest action is taken",
};

static int32_t check(const bern_reinforce_view *v, bern_error *e)
{
	const bern_network *net = v->net;
	const char *what = NULL;
	for (size_t l = 0; l < net->depth; l++)
		if (net->layer[l].kind != BERN_UNITS_BINARY)
			return bern_fail(e, BERN_EUSAGE,
					 "layer %zu has %s units; as C go networks of binary units",
					 l + 1, bern_units_name(net->layer[l].kind));
	if (net->head.gaussian.count)
		what = "actions are those of a gaussian head; as C go softmax and bernoulli heads";
	else if (v->memory->units)
		what = "the network is recurrent; as C go networks that remember nothing";
	else if (v->memory->stack > 1)
		what = "the network sees stacked observations; as C goes stack 1";
	else if (v->normalizer->running)
		what = "observations are normalised; as C go fixed factors (observation_scale)";
	if (what)
		return bern_fail(e, BERN_EUSAGE, "%s", what);
	for (size_t i = 0; i < net->param_count; i++)
		if (!isfinite(net->params[i]))
			return bern_fail(e, BERN_ENUMBER, "a weight of the policy is %g",
					 (double)net->params[i]);
	return 0;
}

static void put_floats(FILE *out, const char *name, size_t number, const float *x, size_t count)
{
	fprintf(out, "static const float %s%zu[%zu] = {", name, number, count);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s%af,", i % 6 ? " " : "\n\t", (double)x[i]);
	fprintf(out, "\n};\n");
}

static void put_constants(FILE *out, const writer *w)
{
	static const char *const modes[] = {"SAMPLED", "MEAN_FIELD", "THRESHOLDED"};
	const bern_network *net = w->view->net;
	const bern_action_head *head = &net->head;
	size_t widest = net->layer[0].inputs;
	for (size_t l = 0; l <= net->depth; l++) {
		const bern_layer *layer = &net->layer[l];
		if (layer->units > widest)
			widest = layer->units;
		put_floats(out, "weight", l + 1, net->params + layer->weight,
			   layer->inputs * layer->units);
		put_floats(out, "bias", l + 1, net->params + layer->bias, layer->units);
	}
	fprintf(out, "\nenum { DEPTH = %zu, WIDEST = %zu };\n", net->depth, widest);
	fprintf(out, "static const int mode = %s;\n", modes[w->plan->mode]);
	fprintf(out, "\n/* hidden layers, then the output */\n"
		     "static const struct layer layers[DEPTH + 1] = {\n");
	for (size_t l = 0; l <= net->depth; l++)
		fprintf(out, "\t{%zu, %zu, weight%zu, bias%zu},\n", net->layer[l].inputs,
			net->layer[l].units, l + 1, l + 1);
	fprintf(out, "};\n\n/* factors on the observation */\n");
	fprintf(out, "static const float scale[%zu] = {", w->view->normalizer->size);
	for (size_t i = 0; i < w->view->normalizer->size; i++)
		fprintf(out, "%s%af,", i % 6 ? " " : "\n\t",
			(double)w->view->normalizer->factor[i]);
	fprintf(out, "\n};\n\n/* outputs of each number of an action: of a softmax, or 1 */\n");
	fprintf(out, "static const int values[%zu] = {", head->components);
	for (size_t c = 0; c < head->components; c++)
		fprintf(out, "%s%zu,", c % 16 ? " " : "\n\t", head->size[c]);
	fprintf(out, "\n};\n");
}

/* Text of others inside a comment: what could end it, or break the line, becomes '?'. */
static void put_words(FILE *out, const char *text)
{
	for (const char *c = text; *c; c++) {
		int ends = (c[0] == '*' && c[1] == '/') || (c[0] == '/' && c[1] == '*') ||
			   (c[0] == '?' && c[1] == '?') || *c == '\\';
		putc(ends || iscntrl((unsigned char)*c) ? '?' : *c, out);
	}
}

/* What stands for a name between '@'s; 0: it is none. */
static int put_value(FILE *out, const writer *w, const char *name, size_t length)
{
	const bern_world *world = w->view->world;
	const bern_action_head *head = &w->view->net->head;
	struct {
		const char *name, *text;
	} words[] = {{"HEADER", w->plan->header}, {"VERSION", BERN_VERSION},
		     {"ENV", world->env->id},     {"SOURCE", w->plan->source},
		     {"STEP", w->plan->step},     {"MODE", mode_words[w->plan->mode]}};
	struct {
		const char *name;
		size_t number;
	} numbers[] = {{"O", world->observation_floats},
		       {"C", head->components},
		       {"MASK", world->env->mask ? head->logits : 0}};
	if (length == 4 && !strncmp(name, "NAME", 4)) {
		fputs(w->plan->name, out);
		return 1;
	}
	if (length == 9 && !strncmp(name, "CONSTANTS", 9)) {
		put_constants(out, w);
		return 1;
	}
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strlen(words[i].name) == length && !strncmp(words[i].name, name, length)) {
			put_words(out, words[i].text);
			return 1;
		}
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		if (strlen(numbers[i].name) == length && !strncmp(numbers[i].name, name, length)) {
			fprintf(out, "%zu", numbers[i].number);
			return 1;
		}
	return 0;
}

static int32_t put_text(char **text, const writer *w, const char *const *lines, bern_error *e)
{
	size_t size;
	*text = NULL;
	FILE *out = open_memstream(text, &size);
	if (!out)
		return bern_fail(e, BERN_EMEMORY, "memory is out: the text of a policy");
	for (; *lines; lines++) {
		for (const char *c = *lines; *c; c++) {
			const char *end = *c == '@' ? strchr(c + 1, '@') : NULL;
			if (end && put_value(out, w, c + 1, (size_t)(end - c - 1)))
				c = end;
			else
				putc(*c, out);
		}
		putc('\n', out);
	}
	int bad = ferror(out);
	if (fclose(out) || bad)
		return bern_fail(e, BERN_EMEMORY, "memory is out: the text of a policy");
	return 0;
}

int32_t export_c(bern_agent *agent, const export_c_plan *plan, char **c, char **h, bern_error *e)
{
	bern_reinforce_view view;
	const writer w = {&view, plan};
	*c = *h = NULL;
	if (agent->kind != &bern_agent_reinforce)
		return bern_fail(e, BERN_EUSAGE,
				 "the agent is %s; as C go networks of the agent reinforce",
				 agent->kind->name);
	bern_reinforce_look(agent, &view);
	int32_t rc = check(&view, e);
	if (!rc)
		rc = put_text(c, &w, policy_c, e);
	if (!rc)
		rc = put_text(h, &w, policy_h, e);
	if (rc) {
		free(*c);
		free(*h);
		*c = *h = NULL;
	}
	return rc;
}
