#include "player.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STATES_ROOM ((size_t)1 << 30) /* bytes of remembered states */
#define ALIGN(n)    (((n) + 15) & ~(size_t)15)

/* One lane with all that a snapshot of it is made of. */
typedef struct stage {
	bern_lanes lanes;
	bern_tensors parts;
} stage;

struct bern_player {
	bern_arena arena;
	bern_player_plan plan;
	const bern_world *world;
	bern_inspector *inspector;
	size_t A; /* numbers of an action, 4 bytes each */
	stage now;
	stage past; /* where states that are no plain bytes are shown again; used if `attached` */
	int attached, past_is_good;
	uint64_t past_number;
	/* what draws and what is carried */
	bern_firing_rng firing, others;
	float *memory; /* (M) */
	/* rings: situation n is at n modulo its size */
	size_t kept, means_kept, moments_kept;
	bern_situation *situations;
	unsigned char *snapshots;  /* (kept, snapshot_size) */
	unsigned char *actions;    /* (kept, 2, A) the agent's and the one taken */
	uint16_t *mean_p, *mean_h; /* (means_kept, unit_count) */
	bern_moment *moments;      /* (moments_kept) */
	size_t snapshot_size, observation_at, mask_at, firing_at;
	uint64_t oldest, newest, shown;
	/* sums of mean_p over situations sum_from .. sum_to */
	uint32_t *sum;
	uint64_t sum_from, sum_to;
	size_t sum_count;
	int sum_is_good;
	float *row; /* (most units of a layer) scratch */
	/* how it is played */
	uint64_t seed, episode, made;
	int32_t mode;
	int paused, person, waits, pending;
	unsigned char *person_action; /* (A) */
	double speed, debt;           /* steps that are due */
};

static bern_situation *slot(const bern_player *player, uint64_t number)
{
	return &player->situations[number % player->kept];
}

static unsigned char *snapshot(const bern_player *player, uint64_t number)
{
	return player->snapshots + (number % player->kept) * player->snapshot_size;
}

/* ---- snapshots ------------------------------------------------------------------------------------ */

static size_t parts_size(const bern_tensors *parts)
{
	size_t size = 0;
	for (size_t i = 0; i < parts->count; i++)
		size += ALIGN((size_t)bern_tensor_size(&parts->items[i]));
	return size;
}

/* Where a part lies in a snapshot, or `otherwise`. */
static size_t part_at(const bern_tensors *parts, const char *name, size_t otherwise)
{
	size_t at = 0;
	for (size_t i = 0; i < parts->count; i++) {
		if (!strcmp(parts->items[i].name, name))
			return at;
		at += ALIGN((size_t)bern_tensor_size(&parts->items[i]));
	}
	return otherwise;
}

static void write_parts(const bern_tensors *parts, unsigned char *out)
{
	for (size_t i = 0; i < parts->count; i++) {
		size_t size = (size_t)bern_tensor_size(&parts->items[i]);
		memcpy(out, parts->items[i].data, size);
		out += ALIGN(size);
	}
}

static void read_parts(const bern_tensors *parts, const unsigned char *in)
{
	for (size_t i = 0; i < parts->count; i++) {
		size_t size = (size_t)bern_tensor_size(&parts->items[i]);
		memcpy(parts->items[i].data, in, size);
		in += ALIGN(size);
	}
}

/* Lanes, streams and what the agent carries, as they are before the agent chooses. */
static int32_t take_snapshot(bern_player *player, uint64_t number, bern_error *e)
{
	int32_t rc = bern_lanes_before_save(&player->now.lanes, e);
	unsigned char *to = snapshot(player, number), *rest = to + player->firing_at;
	if (rc)
		return rc;
	write_parts(&player->now.parts, to);
	memcpy(rest, &player->firing, sizeof player->firing);
	memcpy(rest + sizeof player->firing, &player->others, sizeof player->others);
	memcpy(rest + 2 * sizeof player->firing, player->memory,
	       player->inspector->memory_size * sizeof *player->memory);
	return BERN_OK;
}

static int32_t go_back_to(bern_player *player, uint64_t number, bern_error *e)
{
	const unsigned char *from = snapshot(player, number), *rest = from + player->firing_at;
	read_parts(&player->now.parts, from);
	memcpy(&player->firing, rest, sizeof player->firing);
	memcpy(&player->others, rest + sizeof player->firing, sizeof player->others);
	memcpy(player->memory, rest + 2 * sizeof player->firing,
	       player->inspector->memory_size * sizeof *player->memory);
	return bern_lanes_after_load(&player->now.lanes, e);
}

/* ---- situations ----------------------------------------------------------------------------------- */

static uint16_t share(float x)
{
	x = x < 0.0f ? -x : x;
	return (uint16_t)(65535.0f * (x < 1.0f ? x : 1.0f) + 0.5f);
}

/* Means over the firings of a moment, for the raster. */
static void keep_means(bern_player *player, uint64_t number, const bern_moment *moment)
{
	const bern_inspector *inspector = player->inspector;
	size_t U = inspector->unit_count, at = (number % player->means_kept) * U;
	size_t K = (size_t)moment->firings;
	float *row = player->row;
	for (size_t l = 0; l < inspector->hidden; l++) {
		const bern_inspect_layer *layer = &inspector->layer[l];
		size_t J = layer->units, rows = layer->each_p ? K : 1;
		uint16_t *p = player->mean_p + at + layer->first_unit;
		uint16_t *h = player->mean_h + at + layer->first_unit;
		memset(row, 0, J * sizeof *row);
		for (size_t k = 0; k < rows; k++)
			for (size_t j = 0; j < J; j++)
				row[j] += moment->p[layer->first_p + k * J + j];
		for (size_t j = 0; j < J; j++)
			h[j] = p[j] = share(row[j] / (float)rows);
		if (!layer->fires || moment->mode == BERN_INSPECT_MEAN_FIELD)
			continue;
		memset(row, 0, J * sizeof *row);
		for (size_t k = 0; k < K; k++)
			for (size_t j = 0; j < J; j++)
				row[j] += moment->h[layer->first_h + k * J + j];
		for (size_t j = 0; j < J; j++)
			h[j] = share(row[j] / (float)K);
	}
}

/* The agent chooses in the newest situation. */
static void decide(bern_player *player)
{
	uint64_t number = player->newest;
	bern_situation *at = slot(player, number);
	bern_moment *moment = &player->moments[number % player->moments_kept];
	unsigned char *choice = player->actions + (number % player->kept) * 2 * player->A * 4;
	player->inspector->act(player->inspector->self, &player->now.lanes, player->mode,
			       &player->firing, &player->others,
			       player->inspector->memory_size ? player->memory : NULL, choice,
			       moment);
	memcpy(choice + player->A * 4, choice, player->A * 4);
	at->mode = player->mode;
	at->has_choice = 1;
	at->by_person = 0;
	at->choice = choice;
	at->action = choice + player->A * 4;
	at->value = moment->value;
	if (player->inspector->unit_count && moment->firings)
		keep_means(player, number, moment);
	if (player->sum_is_good && player->sum_to >= number)
		player->sum_is_good = 0;
}

/* Makes the situation that the lane is in the newest one, and shows it. */
static int32_t arrive(bern_player *player, uint64_t step, double total, uint32_t flags,
		      bern_error *e)
{
	uint64_t number = player->newest;
	bern_situation *at = slot(player, number);
	if (number - player->oldest >= player->kept)
		player->oldest = number - player->kept + 1;
	player->shown = number;
	const unsigned char *bytes = snapshot(player, number);
	int32_t rc = take_snapshot(player, number, e);
	if (rc)
		return rc;
	*at = (bern_situation){.number = number,
			       .seed = player->seed,
			       .episode = player->episode,
			       .step = step,
			       .total = total,
			       .state = player->attached ? NULL : bytes,
			       .obs = (const void *)(bytes + player->observation_at),
			       .mask = player->now.lanes.mask ? bytes + player->mask_at : NULL,
			       .flags = flags,
			       .mode = player->mode,
			       .value = NAN};
	if (player->sum_is_good && player->sum_to >= number)
		player->sum_is_good = 0;
	if (!flags)
		decide(player);
	return BERN_OK;
}

/* Starts the episode that player->episode counts, from the streams of `bern eval`. */
static int32_t begin(bern_player *player, bern_error *e)
{
	bern_rng stream;
	bern_stream_key key = {.purpose = BERN_FOR_EVAL_FIRING, .episode = player->episode};
	int32_t rc = BERN_OK;
	if (player->plan.before_episode)
		rc = player->plan.before_episode(player->plan.user, e);
	if (rc)
		return rc;
	player->now.lanes.seed = player->seed;
	bern_rng_seed(&stream, player->seed + player->episode);
	bern_firing_rng_stream(&player->firing, player->seed, key);
	key.agent = 1;
	bern_firing_rng_stream(&player->others, player->seed, key);
	memset(player->memory, 0, player->inspector->memory_size * sizeof *player->memory);
	rc = bern_lanes_start(&player->now.lanes, 0, &stream, e);
	return rc ? rc : arrive(player, 0, 0.0, 0, e);
}

/* The returns of the episode that ended in the newest situation, as far back as it is remembered. */
static void obtain(bern_player *player, uint32_t flags)
{
	double obtained = 0.0;
	const bern_situation *last = slot(player, player->newest);
	for (uint64_t n = player->newest; n-- > player->oldest;) {
		bern_situation *at = slot(player, n);
		if (at->episode != last->episode || at->seed != last->seed || !at->has_outcome)
			break;
		obtained = at->reward + player->inspector->gamma * obtained;
		at->obtained = obtained;
		at->has_obtained = 1;
		at->was_cut = !(flags & BERN_TERMINATED);
	}
}

static int allowed(const bern_player *player, const bern_situation *at, const void *action)
{
	const bern_space *s = &player->world->instance.action;
	return s->kind != BERN_DISCRETE || !at->mask || at->mask[*(const int32_t *)action];
}

/* What is taken in the newest situation as things are: a person's choice, where there is one. */
static void settle_action(bern_player *player)
{
	bern_situation *at = slot(player, player->newest);
	unsigned char *own = player->actions + (player->newest % player->kept) * 2 * player->A * 4;
	if (!at->has_choice)
		return;
	at->by_person = player->person && player->pending &&
			allowed(player, at, player->person_action);
	memcpy(own + player->A * 4, at->by_person ? player->person_action : own, player->A * 4);
}

static int32_t make_step(bern_player *player, bern_error *e)
{
	bern_lanes *lanes = &player->now.lanes;
	bern_situation *at = slot(player, player->newest);
	uint64_t limit = player->world->instance.max_steps ? 0 : player->plan.max_episode_steps;
	settle_action(player);
	int32_t rc = player->world->instance.action.kind == BERN_BOX
			     ? bern_lanes_step_box(lanes, at->action, e)
			     : bern_lanes_step(lanes, at->action, e);
	if (rc)
		return rc;
	if (player->waits)
		player->pending = 0;
	at->reward = lanes->reward[0];
	at->has_outcome = 1;
	player->made++;
	uint32_t flags = lanes->flags[0];
	if (!flags && at->step + 1 == limit)
		flags = BERN_TRUNCATED;
	double total = at->total + at->reward;
	uint64_t step = at->step + 1;
	player->newest++;
	rc = arrive(player, step, total, flags, e);
	if (rc)
		return rc;
	if (flags)
		obtain(player, flags);
	settle_action(player);
	return BERN_OK;
}

int32_t bern_player_forward(bern_player *player, bern_error *e)
{
	if (player->shown < player->newest) {
		player->shown++;
		return BERN_OK;
	}
	if (slot(player, player->newest)->has_choice)
		return make_step(player, e);
	player->newest++;
	player->episode++;
	if (player->waits)
		player->pending = 0;
	int32_t rc = begin(player, e);
	if (!rc)
		settle_action(player);
	return rc;
}

int bern_player_back(bern_player *player)
{
	if (player->shown <= player->oldest)
		return 0;
	player->shown--;
	return 1;
}

int bern_player_in_past(const bern_player *player)
{
	return player->shown < player->newest;
}

/* What came after the situation shown is forgotten; the agent chooses there anew. */
static int32_t branch(bern_player *player, bern_error *e)
{
	bern_situation *at = slot(player, player->shown);
	int32_t rc = go_back_to(player, player->shown, e);
	if (rc)
		return rc;
	player->newest = player->shown;
	player->seed = at->seed;
	player->episode = at->episode;
	player->past_is_good = 0;
	if (player->sum_is_good && player->sum_to >= player->newest)
		player->sum_is_good = 0;
	if (at->flags)
		return BERN_OK;
	/* returns of an episode that ends in another way now */
	for (uint64_t n = player->newest + 1; n-- > player->oldest;) {
		bern_situation *before = slot(player, n);
		if (before->episode != at->episode || before->seed != at->seed)
			break;
		before->has_obtained = 0;
	}
	at->has_outcome = 0;
	at->reward = 0.0;
	decide(player);
	settle_action(player);
	return BERN_OK;
}

static int32_t start_over(bern_player *player, uint64_t seed, bern_error *e)
{
	player->seed = seed;
	player->episode = 0;
	player->oldest = ++player->newest;
	player->past_is_good = player->sum_is_good = 0;
	player->pending = 0;
	player->debt = 0.0;
	return begin(player, e);
}

int32_t bern_player_restart(bern_player *player, bern_error *e)
{
	return start_over(player, player->seed, e);
}

int32_t bern_player_next_seed(bern_player *player, bern_error *e)
{
	return start_over(player, player->seed + 1, e);
}

int32_t bern_player_set_mode(bern_player *player, int32_t mode, bern_error *e)
{
	if (mode < 0 || mode >= BERN_INSPECT_MODES)
		return bern_fail(e, BERN_EUSAGE, "policy mode: %d is none; allowed are 0 to %d",
				 (int)mode, BERN_INSPECT_MODES - 1);
	player->mode = mode;
	return branch(player, e);
}

int32_t bern_player_mode(const bern_player *player)
{
	return player->mode;
}

/* ---- a person ------------------------------------------------------------------------------------- */

int32_t bern_player_take_over(bern_player *player, int person, int waits, bern_error *e)
{
	player->person = person != 0;
	player->waits = person && waits;
	player->pending = 0;
	player->debt = 0.0;
	return branch(player, e);
}

int bern_player_is_person(const bern_player *player)
{
	return player->person;
}

int bern_player_is_waiting(const bern_player *player)
{
	return player->person && player->waits && !player->pending &&
	       player->shown == player->newest && slot(player, player->newest)->has_choice;
}

/* Checked as lanes check it, so that a step cannot fail for it. */
static int32_t check_action(const bern_player *player, const bern_situation *at, const void *action,
			    bern_error *e)
{
	const bern_space *s = &player->world->instance.action;
	for (size_t i = 0; i < player->A; i++) {
		if (s->kind == BERN_BOX) {
			double x = (double)((const float *)action)[i];
			double low = s->low ? (double)s->low[i] : -INFINITY;
			double high = s->high ? (double)s->high[i] : INFINITY;
			if (isfinite(x) && x >= low && x <= high)
				continue;
			return bern_fail(e, BERN_EUSAGE, "action[%zu] is %g, outside [%g, %g]", i,
					 x, low, high);
		}
		int32_t x = ((const int32_t *)action)[i];
		int32_t n = s->kind == BERN_MULTI_BINARY ? 2 : s->sizes[i];
		if (x < 0 || x >= n)
			return bern_fail(e, BERN_EUSAGE, "action[%zu] is %d, outside [0, %d]", i,
					 (int)x, (int)n - 1);
	}
	if (allowed(player, at, action))
		return BERN_OK;
	return bern_fail(e, BERN_EUSAGE, "action %d is not allowed now",
			 (int)*(const int32_t *)action);
}

int32_t bern_player_choose(bern_player *player, const void *action, bern_error *e)
{
	int32_t rc = check_action(player, slot(player, player->shown), action, e);
	if (!rc && player->shown < player->newest)
		rc = branch(player, e);
	if (rc)
		return rc;
	memcpy(player->person_action, action, player->A * 4);
	player->pending = 1;
	settle_action(player);
	return BERN_OK;
}

/* ---- time ----------------------------------------------------------------------------------------- */

double bern_player_step_seconds(const bern_player *player)
{
	double seconds = player->world->env->step_seconds;
	return seconds > 0.0 ? seconds : BERN_PLAYER_SECONDS;
}

int32_t bern_player_tick(bern_player *player, double seconds, size_t most, size_t *made,
			 bern_error *e)
{
	double rate = player->speed / bern_player_step_seconds(player);
	double spare = 0.1 * rate > 1.0 ? 0.1 * rate : 1.0;
	int unlimited = player->speed == BERN_PLAYER_UNLIMITED;
	*made = 0;
	if (player->paused) {
		player->debt = 0.0;
		return BERN_OK;
	}
	if (seconds > 0.0)
		player->debt += seconds * rate;
	while (*made < most && (unlimited || player->debt >= 1.0)) {
		if (bern_player_is_waiting(player)) {
			player->debt = 0.0;
			break;
		}
		int32_t rc = bern_player_forward(player, e);
		if (rc)
			return rc;
		player->debt -= unlimited ? 0.0 : 1.0;
		++*made;
	}
	if (player->debt > spare || unlimited)
		player->debt = unlimited ? 0.0 : spare;
	return BERN_OK;
}

void bern_player_pause(bern_player *player, int paused)
{
	player->paused = paused != 0;
}

int bern_player_paused(const bern_player *player)
{
	return player->paused;
}

void bern_player_set_speed(bern_player *player, double speed)
{
	if (speed != BERN_PLAYER_UNLIMITED && !(speed > BERN_PLAYER_SLOWEST))
		speed = BERN_PLAYER_SLOWEST;
	player->speed = speed < BERN_PLAYER_FASTEST ? speed : BERN_PLAYER_FASTEST;
}

double bern_player_speed(const bern_player *player)
{
	return player->speed;
}

/* ---- looking -------------------------------------------------------------------------------------- */

size_t bern_player_known(const bern_player *player)
{
	return (size_t)(player->newest - player->oldest) + 1;
}

const bern_situation *bern_player_at(bern_player *player, size_t ago)
{
	if (ago > player->shown - player->oldest)
		return NULL;
	return slot(player, player->shown - ago);
}

/* 1 if the agent chose in situation `number` and a ring of `kept` still has what belongs to it. */
static int is_kept(const bern_player *player, uint64_t number, size_t kept)
{
	return player->newest - number < kept && slot(player, number)->has_choice;
}

const bern_moment *bern_player_moment(bern_player *player, size_t ago)
{
	if (ago > player->shown - player->oldest)
		return NULL;
	uint64_t number = player->shown - ago;
	if (!is_kept(player, number, player->moments_kept))
		return NULL;
	return &player->moments[number % player->moments_kept];
}

static const uint16_t *means(const bern_player *player, const uint16_t *of, size_t ago)
{
	size_t U = player->inspector->unit_count;
	if (ago > player->shown - player->oldest || U == 0)
		return NULL;
	uint64_t number = player->shown - ago;
	if (!is_kept(player, number, player->means_kept))
		return NULL;
	return of + (number % player->means_kept) * U;
}

const uint16_t *bern_player_mean_p(const bern_player *player, size_t ago)
{
	return means(player, player->mean_p, ago);
}

const uint16_t *bern_player_mean_h(const bern_player *player, size_t ago)
{
	return means(player, player->mean_h, ago);
}

/* Adds (sign 1) situation `number` to the sums, or takes it out. */
static void add_to_sum(bern_player *player, uint64_t number, int sign)
{
	size_t U = player->inspector->unit_count;
	const uint16_t *p = player->mean_p + (number % player->means_kept) * U;
	if (!slot(player, number)->has_choice)
		return;
	player->sum_count += sign > 0 ? 1 : (size_t)-1;
	for (size_t u = 0; u < U; u++)
		player->sum[u] += sign > 0 ? p[u] : (uint32_t)-p[u];
}

const uint32_t *bern_player_sum_p(bern_player *player, size_t *count)
{
	size_t U = player->inspector->unit_count;
	uint64_t to = player->shown,
		 from = to >= BERN_PLAYER_WINDOW - 1 ? to - (BERN_PLAYER_WINDOW - 1) : 0;
	uint64_t known = player->newest >= player->means_kept - 1
				 ? player->newest - (player->means_kept - 1)
				 : 0;
	from = from > player->oldest ? from : player->oldest;
	from = from > known ? from : known;
	int follows = player->sum_is_good && player->sum_to + 1 == to && player->sum_from <= from &&
		      player->sum_from + 1 >= from &&
		      is_kept(player, player->sum_from, player->means_kept);
	if (follows) {
		add_to_sum(player, to, 1);
		if (player->sum_from < from)
			add_to_sum(player, player->sum_from, -1);
	} else if (!player->sum_is_good || player->sum_to != to || player->sum_from != from) {
		memset(player->sum, 0, U * sizeof *player->sum);
		player->sum_count = 0;
		for (uint64_t n = from; n <= to; n++)
			add_to_sum(player, n, 1);
	}
	player->sum_from = from;
	player->sum_to = to;
	player->sum_is_good = 1;
	*count = player->sum_count;
	return player->sum;
}

const bern_inspector *bern_player_inspector(const bern_player *player)
{
	return player->inspector;
}

const bern_world *bern_player_world(const bern_player *player)
{
	return player->world;
}

uint64_t bern_player_seed(const bern_player *player)
{
	return player->seed;
}

uint64_t bern_player_steps_made(const bern_player *player)
{
	return player->made;
}

/* The state shown, where states are no plain bytes: the lane's, or one that a snapshot was loaded into. */
static const void *attached_state(bern_player *player)
{
	bern_error unheard;
	if (player->shown == player->newest)
		return bern_lanes_state(&player->now.lanes, 0);
	if (!player->past_is_good || player->past_number != player->shown) {
		read_parts(&player->past.parts, snapshot(player, player->shown));
		player->past_is_good = !bern_lanes_after_load(&player->past.lanes, &unheard);
		player->past_number = player->shown;
	}
	return player->past_is_good ? bern_lanes_state(&player->past.lanes, 0) : NULL;
}

int bern_player_draw(bern_player *player, const bern_canvas *canvas)
{
	const bern_world *world = player->world;
	if (!world->env->draw || world->isolate)
		return 0;
	const void *state = player->attached ? attached_state(player)
					     : slot(player, player->shown)->state;
	if (state)
		world->env->draw(world->instance.model, state, canvas);
	return state != NULL;
}

/* ---- making one ----------------------------------------------------------------------------------- */

static int32_t make_stage(stage *s, const bern_world *world, bern_error *e)
{
	int32_t rc = bern_lanes_init(&s->lanes, world, 1, 0, BERN_FOR_LOOK_ENVIRONMENT, 0, e);
	if (rc)
		return rc;
	bern_lanes_set_manual(&s->lanes);
	return bern_lanes_tensors(&s->lanes, &s->parts, e);
}

static void finish_stage(stage *s)
{
	bern_tensors_finish(&s->parts);
	bern_lanes_finish(&s->lanes);
}

/* How many pieces of `size` bytes there is room for, from 2 to kept. */
static size_t fitting(size_t room, size_t size, size_t kept)
{
	size_t count = size ? room / size : kept;
	count = count < kept ? count : kept;
	return count > 2 ? count : 2;
}

static size_t moment_size(const bern_inspector *i)
{
	size_t V = i->choice_count + i->real_count;
	size_t numbers = i->inputs + i->p_count + (i->firings + 2) * V + i->firings;
	/* pieces of an arena begin on multiples of 64 bytes */
	return numbers * sizeof(float) + i->h_count + 8 * 64 + sizeof(bern_moment);
}

static int32_t take_memory(bern_player *player, bern_error *e)
{
	const bern_inspector *inspector = player->inspector;
	const bern_tensors *parts = &player->now.parts;
	bern_arena *arena = &player->arena;
	size_t U = inspector->unit_count, most = 0;
	size_t wanted = player->plan.steps ? player->plan.steps : BERN_PLAYER_STEPS;
	wanted = wanted > 2 ? wanted : 2;
	player->firing_at = parts_size(parts);
	player->observation_at = part_at(parts, "lanes.observation", 0);
	player->mask_at = part_at(parts, "lanes.mask", 0);
	player->snapshot_size = ALIGN(player->firing_at + 2 * sizeof player->firing +
				      inspector->memory_size * sizeof(float));
	player->kept = fitting(STATES_ROOM, player->snapshot_size, wanted);
	player->means_kept = fitting(BERN_PLAYER_ROOM, 2 * U * sizeof *player->mean_p,
				     player->kept);
	player->moments_kept = fitting(BERN_PLAYER_ROOM, moment_size(inspector), player->kept);
	for (size_t l = 0; l < inspector->hidden; l++)
		if (inspector->layer[l].units > most)
			most = inspector->layer[l].units;
	player->memory = bern_arena_take(arena, inspector->memory_size, sizeof *player->memory);
	player->situations = bern_arena_take(arena, player->kept, sizeof *player->situations);
	player->snapshots = bern_arena_take(arena, player->kept, player->snapshot_size);
	player->actions = bern_arena_take(arena, player->kept, 2 * player->A * 4);
	player->person_action = bern_arena_take(arena, player->A, 4);
	player->mean_p = bern_arena_take(arena, player->means_kept, U * sizeof *player->mean_p);
	player->mean_h = bern_arena_take(arena, player->means_kept, U * sizeof *player->mean_h);
	player->sum = bern_arena_take(arena, U, sizeof *player->sum);
	player->row = bern_arena_take(arena, most, sizeof *player->row);
	player->moments = bern_arena_take(arena, player->moments_kept, sizeof *player->moments);
	int32_t rc = bern_arena_check(arena, e);
	for (size_t i = 0; !rc && i < player->moments_kept; i++)
		bern_moment_init(&player->moments[i], arena, inspector);
	return rc ? rc : bern_arena_check(arena, e);
}

int32_t bern_player_create(bern_player **out, const bern_player_plan *plan, bern_error *e)
{
	*out = NULL;
	bern_player *player = calloc(1, sizeof *player);
	if (!player)
		return bern_fail(e, BERN_EMEMORY, "memory is out");
	player->plan = *plan;
	player->world = plan->world;
	player->inspector = plan->inspector;
	player->A = plan->world->action_count;
	player->seed = plan->seed;
	player->mode = plan->mode;
	player->speed = 1.0;
	player->attached = plan->world->env->attach != NULL;
	int32_t rc = make_stage(&player->now, player->world, e);
	if (!rc && player->attached)
		rc = make_stage(&player->past, player->world, e);
	if (!rc)
		rc = take_memory(player, e);
	if (!rc)
		rc = begin(player, e);
	if (rc) {
		bern_player_destroy(player);
		return rc;
	}
	*out = player;
	return BERN_OK;
}

void bern_player_destroy(bern_player *player)
{
	if (!player)
		return;
	finish_stage(&player->past);
	finish_stage(&player->now);
	bern_arena_finish(&player->arena);
	free(player);
}
