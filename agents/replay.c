#include "replay.h"

#include <assert.h>
#include <string.h>

/* The arrays that are remembered, to be looped over. */
enum { ARRAY_COUNT = 9 };

typedef struct array {
	const char *name;
	void *data;           /* NULL: nothing is masked */
	size_t columns, size; /* elements a row; bytes of one */
	int32_t type;
} array;

static void arrays(const bern_replay *replay, array *out)
{
	size_t O = replay->inputs, C = replay->components, N = replay->logits;
	const array all[ARRAY_COUNT] = {
		{"input", replay->x, O, sizeof(float), BERN_T_F32},
		{"end_input", replay->end_x, O, sizeof(float), BERN_T_F32},
		{"action", replay->action, C, sizeof(int32_t), BERN_T_I32},
		{"mask", replay->mask, N, 1, BERN_T_U8},
		{"log_probability", replay->log_mu, 1, sizeof(double), BERN_T_F64},
		{"reward", replay->reward, 1, sizeof(float), BERN_T_F32},
		{"flags", replay->flags, 1, sizeof(uint32_t), BERN_T_U32},
		{"weight", replay->weight, 1, sizeof(float), BERN_T_F32},
		{"ratio", replay->ratio, 1, sizeof(float), BERN_T_F32},
	};
	memcpy(out, all, sizeof all);
}

int32_t bern_replay_init(bern_replay *replay, bern_arena *arena, const bern_network *net,
			 size_t lanes, size_t capacity, int masked, bern_error *e)
{
	size_t O = net->layer[0].inputs, C = net->head.components, B = lanes, S = capacity;
	*replay = (bern_replay){.lanes = B,
				.capacity = S,
				.inputs = O,
				.components = C,
				.logits = masked ? net->head.logits : 0};
	replay->filled = bern_arena_take(arena, 1, sizeof(uint64_t));
	replay->x = bern_arena_take(arena, S, B * O * sizeof(float));
	replay->end_x = bern_arena_take(arena, S, B * O * sizeof(float));
	replay->action = bern_arena_take(arena, S, B * C * sizeof(int32_t));
	if (masked)
		replay->mask = bern_arena_take(arena, S, B * replay->logits);
	replay->log_mu = bern_arena_take(arena, S, B * sizeof(double));
	replay->reward = bern_arena_take(arena, S, B * sizeof(float));
	replay->flags = bern_arena_take(arena, S, B * sizeof(uint32_t));
	replay->weight = bern_arena_take(arena, S, B * sizeof(float));
	replay->ratio = bern_arena_take(arena, S, B * sizeof(float));
	replay->value = bern_arena_take(arena, S, B * sizeof(float));
	replay->advantage = bern_arena_take(arena, S, B * sizeof(float));
	replay->target = bern_arena_take(arena, S, B * sizeof(float));
	return bern_arena_check(arena, e);
}

size_t bern_replay_append(bern_replay *replay, size_t steps)
{
	size_t B = replay->lanes, filled = (size_t)*replay->filled;
	assert(steps <= replay->capacity);
	if (filled + steps > replay->capacity) {
		array all[ARRAY_COUNT];
		size_t kept = replay->capacity - steps, gone = filled - kept;
		arrays(replay, all);
		for (size_t i = 0; i < ARRAY_COUNT; i++) {
			size_t step_size = B * all[i].columns * all[i].size;
			if (all[i].data)
				memmove(all[i].data, (char *)all[i].data + gone * step_size,
					kept * step_size);
		}
		filled = kept;
	}
	*replay->filled = filled + steps;
	return filled * B;
}

void bern_replay_credit(bern_replay *replay, bern_value_function *value, const float *last_x,
			double gamma, double lambda)
{
	size_t B = replay->lanes, O = replay->inputs, T = (size_t)*replay->filled;
	for (size_t row = 0; row < T * B; row++)
		replay->value[row] = bern_value_of(value, replay->x + row * O);
	for (size_t b = 0; b < B; b++) {
		double sum = 0.0, cut = 0.0;
		double next = (double)bern_value_of(value, last_x + b * O);
		for (size_t t = T; t-- > 0;) {
			size_t row = t * B + b;
			double v = (double)replay->value[row], ratio = (double)replay->ratio[row];
			if (replay->flags[row]) {
				int goes_on = !(replay->flags[row] & BERN_TERMINATED);
				const float *end_x = replay->end_x + row * O;
				next = goes_on ? (double)bern_value_of(value, end_x) : 0.0;
				sum = 0.0;
			}
			double delta = (double)replay->reward[row] + gamma * next - v;
			sum = delta + gamma * lambda * cut * sum;
			cut = ratio < 1.0 ? ratio : 1.0;
			replay->advantage[row] = (float)sum;
			replay->target[row] = (float)(v + cut * sum);
			next = v;
		}
	}
}

int32_t bern_replay_tensors(bern_replay *replay, bern_tensors *list, bern_error *e)
{
	array all[ARRAY_COUNT];
	uint64_t rows = replay->capacity * replay->lanes;
	arrays(replay, all);
	int32_t failed = bern_tensors_add(list, BERN_T_U64, replay->filled, 1, 0, e,
					  "replay.filled");
	for (size_t i = 0; !failed && i < ARRAY_COUNT; i++)
		if (all[i].data)
			failed = bern_tensors_add(list, all[i].type, all[i].data, rows,
						  all[i].columns > 1 ? all[i].columns : 0, e,
						  "replay.%s", all[i].name);
	return failed;
}
