/* The host's half of an isolated environment: a table whose functions ask the child, and lanes whose states the child sees. */
#if defined(__linux__)
#define _GNU_SOURCE /* MADV_REMOVE, SOCK_CLOEXEC */
#endif
#define _DARWIN_C_SOURCE
#include "isolate.h"

#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* The last piece is the buffer of save() and load(). */
#define BUFFER_PIECE (BERN_ISOLATE_PIECES - 1)
#define SECOND       1000 /* milliseconds */
#define OPEN_END     -1
#define REAP_PATIENCE                                                                              \
	100 /* rounds of 10 ms in which a child whose socket closed may end by itself */

/* What a lane's functions may still take from the last answer. */
enum {
	SERVED_STEP = 1,
	SERVED_METRICS = 2,
	SERVED_OBSERVE = 4,
	SERVED_MASK = 8,
	SERVED_FIRST = 16
};

struct bern_isolate_region {
	struct bern_isolate *isolate; /* borrowed */
	bern_isolate_region *other;   /* the next in the list */
	uint32_t index;               /* of its piece */
	unsigned char *base;          /* mapped */
	bern_isolate_piece piece;
	uint8_t *served; /* owned (count) */
	bern_rng *next;  /* owned (count) streams that were put for the next episodes */
};

struct bern_isolate {
	bern_env env;             /* the table that the host sees */
	const bern_env *original; /* borrowed, of the registry */
	bern_isolation plan;
	bern_isolate_shared *shared; /* mapped */
	int file;
	uint64_t file_bytes;
	bern_line line;
	pid_t child;             /* 0: none, or ended and waited for */
	bern_instance *instance; /* owned: one block with all it points to */
	const bern_world *world; /* borrowed */
	bern_isolate_region *regions;
	bern_isolate_region *scratch; /* of one lane: for states that lie elsewhere */
	uint8_t used[BERN_ISOLATE_PIECES];
	void *buffer; /* mapped, of buffer_bytes */
	size_t buffer_bytes;
	int confined;
	bern_error failed; /* code 0 while all is well */
};

static const char *const call_names[] = {
	[BERN_CALL_OPEN] = "open",     [BERN_CALL_RESET] = "reset",
	[BERN_CALL_STEP] = "step",     [BERN_CALL_OBSERVE] = "observe",
	[BERN_CALL_MASK] = "mask",     [BERN_CALL_METRICS] = "read_metrics",
	[BERN_CALL_ATTACH] = "attach", [BERN_CALL_DETACH] = "detach",
	[BERN_CALL_SAVE] = "save",     [BERN_CALL_LOAD] = "load",
	[BERN_CALL_CLOSE] = "close",
};

/* ---- the child's end ---------------------------------------------------------------------------------- */

/* Whether it has ended, for the wait; its status stays to be waited for. */
static int has_ended(void *user)
{
	const struct bern_isolate *x = user;
	siginfo_t info;
	memset(&info, 0, sizeof info);
	return waitid(P_PID, (id_t)x->child, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == x->child;
}

/* Ends the child, at once or after a moment for one that is ending anyway, and leaves no zombie. Returns its status. */
static int reap(struct bern_isolate *x, int at_once)
{
	int status = 0;
	for (int i = 0; !at_once && i < REAP_PATIENCE && !has_ended(x); i++)
		poll(NULL, 0, 10);
	if (!has_ended(x))
		kill(x->child, SIGKILL);
	while (waitpid(x->child, &status, 0) < 0 && errno == EINTR)
		;
	x->child = 0;
	return status;
}

/* Notes what became of the child, in one sentence without the place. */
static void note_end(struct bern_isolate *x, int how)
{
	const bern_mailbox *box = &x->shared->box;
	int32_t at = box->at_call;
	const char *call = at >= 0 && at <= BERN_CALL_CLOSE ? call_names[at] : "it";
	int status = reap(x, how == BERN_LATE);
	if (how == BERN_LATE)
		bern_fail(&x->failed, BERN_EENV, "its %s() did not come back within %g s", call,
			  x->plan.seconds);
	else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		bern_fail(&x->failed, BERN_EENV,
			  "its process was killed in %s(), perhaps because memory was out", call);
	else if (WIFSIGNALED(status))
		bern_fail(&x->failed, BERN_EENV, "it crashed with signal %d (%s) in %s()",
			  WTERMSIG(status), strsignal(WTERMSIG(status)), call);
	else
		bern_fail(&x->failed, BERN_EENV, "it ended its process with exit status %d in %s()",
			  WEXITSTATUS(status), call);
}

/* Waits for the answer number `count`. */
static int32_t wait_answer(struct bern_isolate *x, uint32_t count)
{
	int64_t limit = x->plan.seconds > 0 ? (int64_t)(x->plan.seconds * SECOND) : -1;
	int how = bern_line_wait(&x->line, &x->shared->box.answered, count - 1, limit, has_ended,
				 x);
	if (how != BERN_CAME)
		note_end(x, how);
	return x->failed.code;
}

/* Asks and waits; BERN_OK, or the code of what became of the child. The answer to the first question is that to open(). */
static int32_t ask(struct bern_isolate *x, int32_t call, uint32_t region, uint64_t first,
		   uint64_t count)
{
	bern_mailbox *box = &x->shared->box;
	if (x->failed.code)
		return x->failed.code;
	if (!x->child)
		return bern_fail(&x->failed, BERN_EENV, "its process was closed");
	box->call = call;
	box->region = region;
	box->first = first;
	box->count = count;
	bern_line_raise(&x->line);
	return wait_answer(x, atomic_load(&box->asked) + 1);
}

int32_t bern_isolate_check(const bern_world *world, bern_error *e)
{
	if (!world->isolate || !world->isolate->failed.code)
		return BERN_OK;
	*e = world->isolate->failed;
	return e->code;
}

/* ---- pieces of shared memory ------------------------------------------------------------------------------- */

/* Adds a piece to the file and to the child's memory. NULL after an error. */
static void *add_piece(struct bern_isolate *x, uint32_t index, bern_isolate_piece *piece)
{
	const size_t page = bern_page_size();
	piece->offset = x->file_bytes;
	piece->bytes = (piece->bytes + page - 1) / page * page;
	void *at = bern_shared_map(x->file, piece->offset, (size_t)piece->bytes, 1);
	if (!at)
		return NULL;
	x->shared->pieces[index] = *piece;
	if (ask(x, BERN_CALL_MAP, index, 0, 0) || x->shared->box.result) {
		munmap(at, (size_t)piece->bytes);
		return NULL;
	}
	x->file_bytes += piece->bytes;
	return at;
}

static void drop_piece(struct bern_isolate *x, uint32_t index, void *base, size_t bytes)
{
	if (x->child && !x->failed.code)
		ask(x, BERN_CALL_UNMAP, index, 0, 0);
#if defined(MADV_REMOVE)
	madvise(base, bytes, MADV_REMOVE); /* the file keeps its length, not its memory */
#endif
	munmap(base, bytes);
}

static uint64_t round_up(uint64_t bytes, uint64_t to)
{
	return (bytes + to - 1) / to * to;
}

/* What a piece for `count` lanes looks like; 0 if that is more than any memory. */
static int lay_out(const bern_world *world, size_t count, bern_isolate_piece *piece)
{
	const bern_env *env = world->env;
	const uint64_t most = (uint64_t)1 << 46;
	uint64_t masked = env->mask ? (uint64_t)world->instance.action.sizes[0] : 0;
	memset(piece, 0, sizeof *piece);
	piece->count = count;
	piece->state_stride = world->state_stride;
	piece->action = round_up(sizeof(bern_isolate_slot), 16);
	piece->observation = piece->action + round_up(world->action_bytes, 16);
	piece->mask = piece->observation + round_up(world->observation_bytes, 16);
	piece->metrics = piece->mask + round_up(masked, 16);
	piece->first_observation = piece->metrics +
				   round_up(env->metric_count * sizeof(double), 16);
	piece->slot_stride = round_up(piece->first_observation + world->observation_bytes, 64);
	if (count > most / (piece->state_stride + piece->slot_stride))
		return 0;
	piece->slots = round_up(count * piece->state_stride, 64);
	piece->bytes = piece->slots + count * piece->slot_stride;
	return 1;
}

static int32_t no_memory(struct bern_isolate *x, size_t count, bern_error *e)
{
	if (x->failed.code) {
		*e = x->failed;
		return e->code;
	}
	return bern_fail(e, BERN_EMEMORY, "%s: no shared memory for %zu lanes", x->env.id, count);
}

bern_isolate_region *bern_isolate_lanes(const bern_world *world, size_t count, void **states,
					bern_error *e)
{
	struct bern_isolate *x = world->isolate;
	uint32_t index = 0;
	while (index < BUFFER_PIECE && x->used[index])
		index++;
	if (index == BUFFER_PIECE) {
		bern_fail(e, BERN_EUSAGE, "%s: more than %d sets of lanes in one process",
			  x->env.id, BUFFER_PIECE);
		return NULL;
	}
	bern_isolate_region *region = calloc(1, sizeof *region);
	uint8_t *served = calloc(count, 1);
	bern_rng *next = calloc(count, sizeof *next);
	if (region && served && next && lay_out(world, count, &region->piece))
		region->base = add_piece(x, index, &region->piece);
	if (!region || !region->base) {
		no_memory(x, count, e);
		free(next);
		free(served);
		free(region);
		return NULL;
	}
	region->isolate = x;
	region->index = index;
	region->served = served;
	region->next = next;
	region->other = x->regions;
	x->regions = region;
	x->used[index] = 1;
	*states = region->base;
	return region;
}

void bern_isolate_release(bern_isolate_region *region)
{
	if (!region)
		return;
	struct bern_isolate *x = region->isolate;
	bern_isolate_region **link = &x->regions;
	while (*link != region)
		link = &(*link)->other;
	*link = region->other;
	drop_piece(x, region->index, region->base, (size_t)region->piece.bytes);
	x->used[region->index] = 0;
	free(region->next);
	free(region->served);
	free(region);
}

/* ---- lanes together ----------------------------------------------------------------------------------------- */

static unsigned char *slot_bytes(const bern_isolate_region *region, size_t lane)
{
	return region->base + region->piece.slots + lane * region->piece.slot_stride;
}

static bern_isolate_slot *slot_of(const bern_isolate_region *region, size_t lane)
{
	return (bern_isolate_slot *)(void *)slot_bytes(region, lane);
}

void bern_isolate_put(bern_isolate_region *region, size_t lane, const void *action,
		      const bern_rng *stream, int is_cut)
{
	bern_isolate_slot *slot = slot_of(region, lane);
	slot->is_cut = is_cut != 0;
	memcpy(slot_bytes(region, lane) + region->piece.action, action,
	       region->isolate->world->action_bytes);
	slot->stream = *stream;
	slot->go = 1;
	region->served[lane] = SERVED_STEP | SERVED_METRICS | SERVED_OBSERVE | SERVED_MASK;
}

void bern_isolate_put_next(bern_isolate_region *region, size_t lane, const bern_rng *stream)
{
	bern_isolate_slot *slot = slot_of(region, lane);
	slot->next = region->next[lane] = *stream;
	slot->has_next = 1;
	slot->was_reset = 0;
}

int32_t bern_isolate_step(bern_isolate_region *region, size_t *lane, bern_error *e)
{
	struct bern_isolate *x = region->isolate;
	if (ask(x, BERN_CALL_STEP, region->index, 0, region->piece.count) == BERN_OK)
		return BERN_OK;
	*lane = (size_t)x->shared->box.at_lane;
	if (*lane >= region->piece.count)
		*lane = 0;
	*e = x->failed;
	return e->code;
}

/* ---- the functions of the table --------------------------------------------------------------------------------- */

/* A state as the child knows it. One that lies elsewhere is copied to the scratch lane, and back after the call. */
typedef struct place {
	bern_isolate_region *region;
	size_t lane;
	int copied;
} place;

static place find(struct bern_isolate *x, const void *state)
{
	const unsigned char *at = state;
	for (bern_isolate_region *r = x->regions; r; r = r->other)
		if (at >= r->base && at < r->base + r->piece.count * r->piece.state_stride)
			return (place){r, (size_t)(at - r->base) / r->piece.state_stride, 0};
	memcpy(x->scratch->base, state, (size_t)x->instance->state_size);
	x->scratch->served[0] = 0;
	return (place){x->scratch, 0, 1};
}

static void put_back(const struct bern_isolate *x, const place *p, void *state)
{
	if (p->copied)
		memcpy(state, x->scratch->base, (size_t)x->instance->state_size);
}

/* 1 if the lane's last answer holds that part and it was not taken yet. */
static int take_served(const place *p, uint8_t part)
{
	uint8_t had = p->region->served[p->lane] & part;
	p->region->served[p->lane] &= (uint8_t)~part;
	return had != 0;
}

static int32_t ask_about(struct bern_isolate *x, int32_t call, const place *p)
{
	return ask(x, call, p->region->index, p->lane, 1);
}

static void reset_there(const void *model, void *state, struct bern_rng *rng)
{
	struct bern_isolate *x = (struct bern_isolate *)(uintptr_t)model;
	place p = find(x, state);
	bern_isolate_slot *slot = slot_of(p.region, p.lane);
	/* it may have happened with the step that ended the episode before */
	if (slot->was_reset && !memcmp(rng, &p.region->next[p.lane], sizeof *rng)) {
		slot->was_reset = 0;
		*rng = slot->next;
		p.region->served[p.lane] = SERVED_FIRST | SERVED_MASK;
		return;
	}
	slot->was_reset = 0;
	slot->stream = *rng;
	if (ask_about(x, BERN_CALL_RESET, &p))
		return;
	*rng = slot->stream;
	p.region->served[p.lane] = p.copied ? 0 : SERVED_OBSERVE | SERVED_MASK;
	put_back(x, &p, state);
}

static void step_there(const void *model, void *state, struct bern_rng *rng, const void *action,
		       bern_outcome *out)
{
	struct bern_isolate *x = (struct bern_isolate *)(uintptr_t)model;
	place p = find(x, state);
	bern_isolate_slot *slot = slot_of(p.region, p.lane);
	if (!take_served(&p, SERVED_STEP)) {
		bern_isolate_put(p.region, p.lane, action, rng, 0);
		if (ask_about(x, BERN_CALL_STEP, &p)) {
			out->flags = BERN_FAULT;
			return;
		}
		p.region->served[p.lane] = p.copied ? 0
						    : SERVED_METRICS | SERVED_OBSERVE | SERVED_MASK;
	}
	*rng = slot->stream;
	*out = slot->outcome;
	put_back(x, &p, state);
}

/* The three that only read: from what came with the last answer, or by a question. A child that has ended leaves `fill`. */
static void read_there(const void *model, const void *state, int32_t call, uint8_t part, void *out,
		       size_t bytes, int fill)
{
	struct bern_isolate *x = (struct bern_isolate *)(uintptr_t)model;
	place p = find(x, state);
	const bern_isolate_piece *piece = &p.region->piece;
	uint64_t from = part == SERVED_METRICS   ? piece->metrics
			: part == SERVED_OBSERVE ? piece->observation
						 : piece->mask;
	if (part == SERVED_OBSERVE && take_served(&p, SERVED_FIRST))
		memcpy(out, slot_bytes(p.region, p.lane) + piece->first_observation, bytes);
	else if (!take_served(&p, part) && ask_about(x, call, &p))
		memset(out, fill, bytes);
	else
		memcpy(out, slot_bytes(p.region, p.lane) + from, bytes);
}

static void observe_there(const void *model, const void *state, void *observation)
{
	const struct bern_isolate *x = model;
	read_there(model, state, BERN_CALL_OBSERVE, SERVED_OBSERVE, observation,
		   x->world->observation_bytes, 0);
}

static void mask_there(const void *model, const void *state, uint8_t *allowed)
{
	const struct bern_isolate *x = model;
	read_there(model, state, BERN_CALL_MASK, SERVED_MASK, allowed,
		   (size_t)x->instance->action.sizes[0], 1);
}

static void metrics_there(const void *model, const void *state, double *out)
{
	const struct bern_isolate *x = model;
	read_there(model, state, BERN_CALL_METRICS, SERVED_METRICS, out,
		   x->env.metric_count * sizeof *out, 0);
}

/* ---- states behind a handle ---------------------------------------------------------------------------------------- */

static int32_t say(const struct bern_isolate *x, char *err, size_t err_size)
{
	snprintf(err, err_size, "%.500s", x->failed.code ? x->failed.text : x->shared->box.text);
	return 1;
}

static int32_t attach_there(const void *model, void *state, char *err, size_t err_size)
{
	struct bern_isolate *x = (struct bern_isolate *)(uintptr_t)model;
	place p = find(x, state);
	if (ask_about(x, BERN_CALL_ATTACH, &p) || x->shared->box.result)
		return say(x, err, err_size);
	put_back(x, &p, state);
	return 0;
}

static void detach_there(const void *model, void *state)
{
	struct bern_isolate *x = (struct bern_isolate *)(uintptr_t)model;
	place p = find(x, state);
	if (!x->failed.code)
		ask_about(x, BERN_CALL_DETACH, &p);
}

/* Room for what save() writes, in the last piece. */
static int make_buffer(struct bern_isolate *x, uint64_t bytes)
{
	if (bytes <= x->buffer_bytes)
		return 1;
	if (x->buffer)
		drop_piece(x, BUFFER_PIECE, x->buffer, x->buffer_bytes);
	bern_isolate_piece piece = {.bytes = bytes};
	x->buffer = add_piece(x, BUFFER_PIECE, &piece);
	x->buffer_bytes = x->buffer ? (size_t)piece.bytes : 0;
	return x->buffer != NULL;
}

static uint64_t save_there(const void *model, const void *state, void *buffer, uint64_t size)
{
	struct bern_isolate *x = (struct bern_isolate *)(uintptr_t)model;
	bern_mailbox *box = &x->shared->box;
	place p = find(x, state);
	if (size && !make_buffer(x, size))
		return 0;
	box->bytes = size;
	if (ask_about(x, BERN_CALL_SAVE, &p))
		return 0;
	uint64_t takes = box->bytes;
	if (takes <= size && size)
		memcpy(buffer, x->buffer, (size_t)takes);
	return takes;
}

static int32_t load_there(const void *model, void *state, const void *buffer, uint64_t size,
			  char *err, size_t err_size)
{
	struct bern_isolate *x = (struct bern_isolate *)(uintptr_t)model;
	place p = find(x, state);
	if (!make_buffer(x, size)) {
		snprintf(err, err_size, "no shared memory for %llu bytes",
			 (unsigned long long)size);
		return 1;
	}
	memcpy(x->buffer, buffer, (size_t)size);
	x->shared->box.bytes = size;
	if (ask_about(x, BERN_CALL_LOAD, &p) || x->shared->box.result)
		return say(x, err, err_size);
	put_back(x, &p, state);
	return 0;
}

/* ---- opening and closing ------------------------------------------------------------------------------------------- */

static int32_t no_second_open(const bern_value *values, bern_instance *out, char *err, size_t size)
{
	(void)values;
	(void)out;
	snprintf(err, size, "an isolated environment is opened by bern_world_open_isolated alone");
	return 1;
}

/* The table of the host: what is data is the environment's, what is a function asks the child. A function that is not known here
 * must not run in the host, so nothing is copied blindly. There is no draw(). */
static bern_env table_of(const bern_env *env)
{
	return (bern_env){.abi = env->abi,
			  .struct_size = sizeof(bern_env),
			  .id = env->id,
			  .summary = env->summary,
			  .source = env->source,
			  .params = env->params,
			  .fields = env->fields,
			  .metrics = env->metrics,
			  .param_count = env->param_count,
			  .field_count = env->field_count,
			  .metric_count = env->metric_count,
			  .has_returns = env->has_returns,
			  .random_return = env->random_return,
			  .solved_return = env->solved_return,
			  .step_seconds = env->step_seconds,
			  .open = no_second_open,
			  .reset = reset_there,
			  .step = step_there,
			  .observe = observe_there,
			  .mask = env->mask ? mask_there : NULL,
			  .read_metrics = env->read_metrics ? metrics_there : NULL,
			  .attach = env->attach ? attach_there : NULL,
			  .detach = env->attach ? detach_there : NULL,
			  .save = env->attach ? save_there : NULL,
			  .load = env->attach ? load_there : NULL};
}

/* Memory, a socket, and the process. The child is a copy of this one, so it has the checked values. */
static int32_t start_child(struct bern_isolate *x, const bern_value *values, bern_error *e)
{
	int pair[2];
	const size_t page = bern_page_size();
	x->file_bytes = round_up(sizeof *x->shared, page);
	x->file = bern_shared_file();
	if (x->file >= 0)
		x->shared = bern_shared_map(x->file, 0, (size_t)x->file_bytes, 1);
	if (!x->shared)
		return bern_fail(e, BERN_EIO, "no shared memory: %s", strerror(errno));
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return bern_fail(e, BERN_EIO, "no socket: %s", strerror(errno));
	fcntl(pair[0], F_SETFD, FD_CLOEXEC);
	fcntl(pair[1], F_SETFD, FD_CLOEXEC);
#if defined(SO_NOSIGPIPE)
	const int on = 1;
	setsockopt(pair[0], SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
	setsockopt(pair[1], SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
	x->line = (bern_line){&x->shared->box, pair[0], 1, bern_spins()};
	const bern_isolate_setup setup = {.env = x->original,
					  .values = values,
					  .file = x->file,
					  .socket = pair[1],
					  .shared = x->shared,
					  .memory = x->plan.memory,
					  .parent = (int)getpid()};
	/* what waits in buffers must not be written twice, should the environment call exit() */
	fflush(NULL);
	x->child = fork();
	if (x->child == 0)
		bern_isolate_live(&setup);
	int reason = errno;
	close(pair[1]);
	if (x->child > 0)
		return BERN_OK;
	x->child = 0;
	return bern_fail(e, BERN_EIO, "no second process: %s", strerror(reason));
}

/* open() of a world (world.h): starts the child and takes in what the environment tells of itself. */
static int32_t open_there(void *user, const bern_value *values, bern_instance *out, bern_error *e)
{
	struct bern_isolate *x = user;
	bern_isolate_shared *shared;
	int32_t rc = start_child(x, values, e);
	if (rc)
		return rc;
	shared = x->shared;
	if (wait_answer(x, 1)) {
		*e = x->failed;
		return e->code;
	}
	if (shared->box.result) {
		shared->box.text[sizeof shared->box.text - 1] = '\0';
		return bern_fail(e, shared->box.result, "%s",
				 shared->box.text[0]
					 ? shared->box.text
					 : "it could not be opened and did not say why");
	}
	size_t bytes = (size_t)shared->instance_bytes;
	void *at = bern_shared_map(x->file, shared->instance_offset, bytes, 0);
	x->instance = at ? bern_isolate_unpack(at, bytes) : NULL;
	if (at)
		munmap(at, bytes);
	if (!x->instance)
		return bern_fail(e, BERN_EENV, "what its open() told could not be read");
	x->file_bytes += bytes;
	x->confined = shared->box.confined;
	x->instance->model = x;
	*out = *x->instance;
	return BERN_OK;
}

void bern_isolate_destroy(struct bern_isolate *x)
{
	if (!x)
		return;
	while (x->regions)
		bern_isolate_release(x->regions);
	if (x->buffer)
		drop_piece(x, BUFFER_PIECE, x->buffer, x->buffer_bytes);
	if (x->child && x->instance && !x->failed.code)
		ask(x, BERN_CALL_CLOSE, 0, 0, 0);
	if (x->child)
		reap(x, !x->instance);
	if (x->line.box)
		close(x->line.socket);
	if (x->shared)
		munmap(x->shared, (size_t)round_up(sizeof *x->shared, bern_page_size()));
	if (x->file >= 0)
		close(x->file);
	free(x->instance);
	free(x);
}

int32_t bern_world_open_isolated(bern_world *world, const bern_env *env,
				 const bern_setting *settings, size_t setting_count,
				 const bern_isolation *plan, bern_error *e)
{
	void *ignored;
	struct bern_isolate *x = calloc(1, sizeof *x);
	memset(world, 0, sizeof *world);
	if (!x)
		return bern_fail(e, BERN_EMEMORY, "no memory to open %s", env->id);
	x->original = env;
	x->plan = *plan;
	x->file = -1;
	x->world = world;
	x->env = table_of(env);
	int32_t rc = bern_world_open_by(world, &x->env, settings, setting_count, open_there, x, e);
	if (rc) {
		bern_isolate_destroy(x);
		return rc;
	}
	world->isolate = x;
	x->scratch = bern_isolate_lanes(world, 1, &ignored, e);
	if (!x->scratch) {
		rc = e->code;
		bern_world_finish(world);
	}
	return rc;
}

int bern_world_confined(const bern_world *world)
{
	return world->isolate && world->isolate->confined;
}
