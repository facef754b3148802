/* Ranks that are threads of the test: a table (ranks.h) whose pieces are copied through shared memory, between two barriers. */
#ifndef BERN_TEST_FAKE_RANKS_H
#define BERN_TEST_FAKE_RANKS_H

#include <ranks.h>

#include <check.h>
#include <pthread.h>
#include <string.h>

#define FAKE_MOST 9

typedef struct fake_ranks {
	bern_ranks table[FAKE_MOST];
	struct fake_rank {
		struct fake_ranks *all;
		size_t rank;
		const void *given;          /* what this rank shows the others */
		const size_t *given_offset; /* of exchange */
		int64_t number;
		pthread_t thread;
		void (*run)(const bern_ranks *ranks, void *user);
		void *user;
	} of[FAKE_MOST];
	size_t count;
	pthread_barrier_t barrier;
} fake_ranks;

static inline struct fake_rank *fake_show(void *own, const void *given)
{
	struct fake_rank *self = own;
	self->given = given;
	pthread_barrier_wait(&self->all->barrier);
	return self;
}

static inline void fake_done(struct fake_rank *self)
{
	pthread_barrier_wait(&self->all->barrier);
}

static inline void fake_take(struct fake_rank *self, void *all, const size_t *offset)
{
	for (size_t r = 0; r < self->all->count; r++)
		if (r != self->rank)
			memcpy((char *)all + offset[r],
			       (const char *)self->all->of[r].given + offset[r],
			       offset[r + 1] - offset[r]);
}

static inline void fake_all_gather(void *own, void *all, const size_t *offset)
{
	struct fake_rank *self = fake_show(own, all);
	fake_take(self, all, offset);
	fake_done(self);
}

static inline void fake_gather(void *own, const void *piece, void *all, const size_t *offset)
{
	struct fake_rank *self = fake_show(own, piece);
	for (size_t r = 1; self->rank == 0 && r < self->all->count; r++)
		memcpy((char *)all + offset[r], self->all->of[r].given, offset[r + 1] - offset[r]);
	fake_done(self);
}

static inline void fake_exchange(void *own, const void *from, const size_t *from_offset, void *to,
				 const size_t *to_offset)
{
	((struct fake_rank *)own)->given_offset = from_offset;
	struct fake_rank *self = fake_show(own, from);
	for (size_t r = 0; r < self->all->count; r++) {
		const struct fake_rank *other = &self->all->of[r];
		const size_t *at = other->given_offset + self->rank;
		ck_assert_uint_eq(at[1] - at[0], to_offset[r + 1] - to_offset[r]);
		memcpy((char *)to + to_offset[r], (const char *)other->given + at[0],
		       at[1] - at[0]);
	}
	fake_done(self);
}

static inline void fake_broadcast(void *own, size_t root, void *bytes, size_t size)
{
	struct fake_rank *self = fake_show(own, bytes);
	if (self->rank != root)
		memcpy(bytes, self->all->of[root].given, size);
	fake_done(self);
}

static inline int64_t fake_most(void *own, int64_t number)
{
	((struct fake_rank *)own)->number = number;
	struct fake_rank *self = fake_show(own, NULL);
	for (size_t r = 0; r < self->all->count; r++)
		if (self->all->of[r].number > number)
			number = self->all->of[r].number;
	fake_done(self);
	return number;
}

static inline void fake_meet(void *own)
{
	fake_done(fake_show(own, NULL));
}

static inline void *fake_live(void *user)
{
	struct fake_rank *self = user;
	self->run(&self->all->table[self->rank], self->user);
	return NULL;
}

/* Calls run(ranks, user + rank * size) in `count` ranks and waits for all. */
static inline void fake_run(size_t count, void (*run)(const bern_ranks *ranks, void *user),
			    void *user, size_t size)
{
	fake_ranks all = {.count = count};
	ck_assert(count <= FAKE_MOST);
	pthread_barrier_init(&all.barrier, NULL, (unsigned)count);
	for (size_t r = 0; r < count; r++) {
		all.of[r] = (struct fake_rank){
			.all = &all, .rank = r, .run = run, .user = (char *)user + r * size};
		all.table[r] = (bern_ranks){.rank = r,
					    .count = count,
					    .own = &all.of[r],
					    .all_gather = fake_all_gather,
					    .gather = fake_gather,
					    .exchange = fake_exchange,
					    .broadcast = fake_broadcast,
					    .most = fake_most,
					    .meet = fake_meet};
	}
	for (size_t r = 0; r < count; r++)
		ck_assert_int_eq(pthread_create(&all.of[r].thread, NULL, fake_live, &all.of[r]), 0);
	for (size_t r = 0; r < count; r++)
		pthread_join(all.of[r].thread, NULL);
	pthread_barrier_destroy(&all.barrier);
}

#endif
