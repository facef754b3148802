#include "evaluate.h"

#include "arena.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LANES 16

/* The episode that a lane plays. */
typedef struct slot {
	uint64_t episode, length;
	double total;
} slot;

struct bern_evaluator {
	bern_arena arena; /* owns what follows but the results */
	bern_lanes lanes;
	bern_firing_rng *firing; /* (B) */
	int32_t *actions;        /* (B, A) of whole numbers */
	float *real_actions;     /* (B, A) of a BOX */
	float *memory;           /* (B, M) of the agent, kept from call to call */
	size_t memory_size;      /* M */
	size_t memory_room;      /* floats */
	slot *slots;             /* (B) */
	size_t *which;           /* (B) lanes that play, in order */
	size_t playing;          /* how many */
	/* of each episode (room), kept from call to call */
	double *returns;
	uint64_t *lengths;
	uint8_t *terminated;
	uint64_t room;
};

/* ---- the interval --------------------------------------------------------------------------------- */

/* atan of x >= 0 in plain arithmetic: three halvings of the angle, then its series. Error below 1e-15. */
static double arctangent(double x)
{
	for (int i = 0; i < 3; i++)
		x = x / (1 + sqrt(1 + x * x));
	double sum = 0, power = x;
	for (int k = 0; k < 12; k++) {
		sum += (k % 2 ? -power : power) / (2 * k + 1);
		power *= x * x;
	}
	return 8 * sum;
}

/* Probability that |T| <= t: A(t | v) of Abramowitz & Stegun, with tan(angle) = t / sqrt(v). */
static double student_inside(double t, uint64_t v)
{
	const double pi = 3.14159265358979323846;
	double tangent = t / sqrt((double)v);
	double cosine = 1 / sqrt(1 + tangent * tangent), sine = tangent * cosine;
	double odd = (double)(v % 2), term = odd ? cosine : 1, sum = 0;
	/* powers v % 2, v % 2 + 2, ... v - 2 of the cosine */
	for (uint64_t k = v % 2; k + 2 <= v; k += 2) {
		sum += term;
		term *= cosine * cosine * ((double)k + 1) / ((double)k + 2);
	}
	return odd ? 2 / pi * (arctangent(tangent) + sine * sum) : sine * sum;
}

double bern_student_95(uint64_t freedom)
{
	const double z = 1.959963984540054, z2 = z * z;
	double low = z, high = 13, v = (double)freedom;
	if (freedom > 200)
		return z + z * (z2 + 1) / (4 * v) + z * ((5 * z2 + 16) * z2 + 3) / (96 * v * v) +
		       z * (((3 * z2 + 19) * z2 + 17) * z2 - 15) / (384 * v * v * v);
	for (int i = 0; i < 54; i++) {
		double middle = 0.5 * (low + high);
		if (student_inside(middle, freedom) < 0.95)
			low = middle;
		else
			high = middle;
	}
	return 0.5 * (low + high);
}

/* Writes what the first n episodes came to. */
static void sum_up(const bern_evaluator *own, uint64_t n, bern_eval_result *result)
{
	double sum = 0, squares = 0;
	uint64_t terminated = 0;
	result->episodes = n;
	result->steps = 0;
	result->minimum = result->maximum = own->returns[0];
	for (uint64_t i = 0; i < n; i++) {
		double x = own->returns[i];
		sum += x;
		result->steps += own->lengths[i];
		terminated += own->terminated[i];
		if (x < result->minimum)
			result->minimum = x;
		if (x > result->maximum)
			result->maximum = x;
	}
	result->mean = sum / (double)n;
	for (uint64_t i = 0; i < n; i++) {
		double off = own->returns[i] - result->mean;
		squares += off * off;
	}
	result->mean_length = (double)result->steps / (double)n;
	result->success = (double)terminated / (double)n;
	result->deviation = result->low = result->high = NAN;
	if (n > 1) {
		result->deviation = sqrt(squares / (double)(n - 1));
		double half = bern_student_95(n - 1) * result->deviation / sqrt((double)n);
		result->low = result->mean - half;
		result->high = result->mean + half;
	}
	if (result->returns)
		memcpy(result->returns, own->returns, n * sizeof *result->returns);
	if (result->lengths)
		memcpy(result->lengths, own->lengths, n * sizeof *result->lengths);
}

/* ---- episodes ------------------------------------------------------------------------------------- */

/* Starts an episode in a lane from the streams that are its own, whatever the lane. */
static int32_t start(bern_evaluator *own, size_t b, uint64_t episode, const bern_eval_plan *plan,
		     bern_error *e)
{
	bern_rng stream;
	bern_stream_key key = {.agent = plan->is_look ? plan->look : 0, .episode = episode};
	if (plan->is_look) {
		key.purpose = BERN_FOR_LOOK_ENVIRONMENT;
		bern_rng_stream(&stream, plan->seed, key);
	} else {
		bern_rng_seed(&stream, plan->seed + episode);
	}
	key.purpose = plan->is_look ? BERN_FOR_LOOK_FIRING : BERN_FOR_EVAL_FIRING;
	bern_firing_rng_stream(&own->firing[b], plan->seed, key);
	own->slots[b] = (slot){.episode = episode};
	for (size_t m = 0; m < own->memory_size; m++)
		own->memory[b * own->memory_size + m] = 0;
	return bern_lanes_start(&own->lanes, b, &stream, e);
}

/* Room for what the agent carries from step to step. */
static int32_t make_memory(bern_evaluator *own, const bern_agent *agent, bern_error *e)
{
	size_t B = own->lanes.count;
	own->memory_size = agent->kind->memory_size ? agent->kind->memory_size(agent) : 0;
	if (own->memory_size <= own->memory_room / B)
		return BERN_OK;
	free(own->memory);
	own->memory = calloc(B, own->memory_size * sizeof *own->memory);
	own->memory_room = own->memory ? B * own->memory_size : 0;
	return own->memory ? BERN_OK
			   : bern_fail(e, BERN_EMEMORY,
				       "memory is out: what %zu agents carry from step to step", B);
}

/* Room for the results of n episodes. */
static int32_t make_room(bern_evaluator *own, uint64_t n, bern_error *e)
{
	if (n <= own->room)
		return BERN_OK;
	free(own->returns);
	free(own->lengths);
	free(own->terminated);
	own->room = 0;
	own->returns = n > SIZE_MAX / 8 ? NULL : malloc(n * sizeof *own->returns);
	own->lengths = n > SIZE_MAX / 8 ? NULL : malloc(n * sizeof *own->lengths);
	own->terminated = n > SIZE_MAX / 8 ? NULL : malloc(n);
	if (!own->returns || !own->lengths || !own->terminated)
		return bern_fail(e, BERN_EMEMORY, "memory is out: results of %llu episodes",
				 (unsigned long long)n);
	own->room = n;
	return BERN_OK;
}

/* Counts the step just made in lane b; 1 if it ended the episode, whose results it writes. */
static int count_step(bern_evaluator *own, size_t b, uint64_t limit)
{
	slot *at = &own->slots[b];
	uint32_t flags = own->lanes.flags[b];
	at->total += own->lanes.reward[b];
	at->length++;
	if (!flags && at->length != limit)
		return 0;
	own->returns[at->episode] = at->total;
	own->lengths[at->episode] = at->length;
	own->terminated[at->episode] = flags & BERN_TERMINATED ? 1 : 0;
	return 1;
}

/* 1 if N episodes cannot have the wanted mean any more, even if all but the first n, whose returns add up to sum, are as
 * good as can be. The last digits, which depend on the order of sums, do not decide. */
static int hopeless(const bern_eval_plan *plan, const bern_instance *instance, uint64_t n,
		    double sum)
{
	if (!plan->has_target || !instance->has_max_return || n == plan->episodes)
		return 0;
	double best = sum + (double)(plan->episodes - n) * instance->max_return;
	double wanted = plan->target * (double)plan->episodes;
	return best < wanted - 1e-12 * (fabs(wanted) + fabs(best));
}

/* Plays all episodes; *counted are those that the result is about. */
static int32_t play(bern_evaluator *own, bern_agent *agent, const bern_eval_plan *plan,
		    const bern_eval_watcher *watcher, uint64_t *counted, bern_error *e)
{
	const bern_instance *instance = &own->lanes.world->instance;
	const uint64_t limit = instance->max_steps ? 0 : plan->max_episode_steps;
	const uint64_t N = plan->episodes, unfinished = 0;
	const int box = instance->action.kind == BERN_BOX;
	uint64_t next = 0;
	double sum = 0;
	int32_t rc = BERN_OK;
	*counted = 0;
	own->playing = 0;
	for (uint64_t i = 0; i < N; i++)
		own->lengths[i] = unfinished;
	for (size_t b = 0; b < own->lanes.count; b++) {
		bern_lanes_park(&own->lanes, b);
		if (next == N)
			continue;
		own->which[own->playing++] = b;
		rc = start(own, b, next++, plan, e);
		if (rc)
			return rc;
	}
	while (own->playing) {
		size_t ended = 0, left = 0;
		void *actions = box ? (void *)own->real_actions : own->actions;
		float *memory = own->memory_size ? own->memory : NULL;
		if (watcher)
			watcher->act(watcher->user, &own->lanes, plan->mode, own->firing, memory,
				     actions);
		else
			agent->kind->act(agent, &own->lanes, own->which, own->playing, plan->mode,
					 own->firing, memory, actions);
		rc = box ? bern_lanes_step_box(&own->lanes, own->real_actions, e)
			 : bern_lanes_step(&own->lanes, own->actions, e);
		if (rc)
			return rc;
		for (size_t i = 0; i < own->playing; i++) {
			size_t b = own->which[i];
			own->which[left++] = b;
			const int ends = count_step(own, b, limit);
			if (watcher)
				rc = watcher->stepped(watcher->user, own->slots[b].episode,
						      own->slots[b].length - 1, &own->lanes,
						      actions, ends, e);
			if (rc)
				return rc;
			if (!ends)
				continue;
			ended++;
			if (next < N) {
				rc = start(own, b, next++, plan, e);
				if (rc)
					return rc;
			} else {
				bern_lanes_park(&own->lanes, b);
				left--;
			}
		}
		own->playing = left;
		/* in the order of episodes, not of their ends: the same decision from any number of lanes */
		while (ended && *counted < N && own->lengths[*counted] != unfinished) {
			sum += own->returns[(*counted)++];
			if (hopeless(plan, instance, *counted, sum))
				return BERN_OK;
		}
	}
	return BERN_OK;
}

static int32_t evaluate(bern_evaluator *evaluator, bern_agent *agent, const bern_eval_plan *plan,
			const bern_eval_watcher *watcher, bern_eval_result *result, bern_error *e)
{
	uint64_t counted;
	if (plan->episodes == 0)
		return bern_fail(e, BERN_EUSAGE, "evaluation: 0 episodes, at least 1 is needed");
	evaluator->lanes.seed = plan->seed;
	int32_t rc = make_room(evaluator, plan->episodes, e);
	if (!rc)
		rc = make_memory(evaluator, agent, e);
	if (!rc)
		rc = play(evaluator, agent, plan, watcher, &counted, e);
	if (rc)
		return bern_because(e, "evaluation");
	sum_up(evaluator, counted, result);
	result->given_up = counted < plan->episodes;
	return BERN_OK;
}

int32_t bern_evaluate(bern_evaluator *evaluator, bern_agent *agent, const bern_eval_plan *plan,
		      bern_eval_result *result, bern_error *e)
{
	return evaluate(evaluator, agent, plan, NULL, result, e);
}

int32_t bern_evaluate_watched(bern_evaluator *evaluator, bern_agent *agent,
			      const bern_eval_plan *plan, const bern_eval_watcher *watcher,
			      bern_eval_result *result, bern_error *e)
{
	if (evaluator->lanes.count != 1)
		return bern_fail(e, BERN_EUSAGE, "evaluation: a watcher needs 1 lane, not %zu",
				 evaluator->lanes.count);
	return evaluate(evaluator, agent, plan, watcher, result, e);
}

/* ---- making one ----------------------------------------------------------------------------------- */

int32_t bern_evaluator_create_lanes(bern_evaluator **out, const bern_world *world, size_t lanes,
				    bern_error *e)
{
	*out = NULL;
	bern_evaluator *own = calloc(1, sizeof *own);
	if (!own)
		return bern_fail(e, BERN_EMEMORY, "memory is out");
	own->firing = bern_arena_take(&own->arena, lanes, sizeof *own->firing);
	own->actions = bern_arena_take(&own->arena, lanes,
				       world->action_count * sizeof *own->actions);
	own->real_actions = bern_arena_take(&own->arena, lanes,
					    world->action_count * sizeof *own->real_actions);
	own->slots = bern_arena_take(&own->arena, lanes, sizeof *own->slots);
	own->which = bern_arena_take(&own->arena, lanes, sizeof *own->which);
	int32_t rc = bern_arena_check(&own->arena, e);
	/* every episode is started with a stream of its own, so these are never drawn from */
	if (!rc)
		rc = bern_lanes_init(&own->lanes, world, lanes, 0, BERN_FOR_LOOK_ENVIRONMENT, 0, e);
	if (rc) {
		bern_evaluator_destroy(own);
		return rc;
	}
	bern_lanes_set_manual(&own->lanes);
	*out = own;
	return BERN_OK;
}

int32_t bern_evaluator_create(bern_evaluator **out, const bern_world *world, bern_error *e)
{
	return bern_evaluator_create_lanes(out, world, LANES, e);
}

void bern_evaluator_destroy(bern_evaluator *evaluator)
{
	if (!evaluator)
		return;
	bern_lanes_finish(&evaluator->lanes);
	free(evaluator->memory);
	free(evaluator->returns);
	free(evaluator->lengths);
	free(evaluator->terminated);
	bern_arena_finish(&evaluator->arena);
	free(evaluator);
}
