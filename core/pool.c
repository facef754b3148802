/* Each thread has a range of the run's tasks that it takes first, the same share of every run, so that what lies in its cache is what it
 * comes back to; then it takes what others have left. One word for each range holds the run's number and how many of its tasks nobody
 * has taken yet; taking one is a compare-and-swap. Whoever has taken a task may read what the run is about, because the run cannot
 * end before the task does. */
#define _GNU_SOURCE /* sched_getaffinity */
#include "pool.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How often a thread looks before it sleeps: some 100 microseconds. What one thread does alone between two runs takes less, and
 * waking another, in a virtual machine above all, takes as long. */
#define LOOKS 8000

#define LEFT(ticket) ((ticket)&UINT32_MAX)

typedef struct worker {
	bern_pool *pool;
	pthread_t thread;
	size_t index;
	_Alignas(64) _Atomic uint64_t
		ticket; /* number of the run << 32 | tasks of its range left to take */
} worker;

struct bern_pool {
	size_t threads;
	int looks;
	/* the run */
	bern_pool_task *task;
	void *user;
	size_t count;
	_Atomic uint64_t run;      /* its number, written last */
	_Atomic size_t unfinished; /* tasks */
	pthread_mutex_t lock;      /* of what follows */
	pthread_cond_t begin, end;
	size_t sleeping; /* workers */
	int caller_sleeps;
	_Atomic int quit;
	size_t started;
	worker workers[]; /* (threads), 0 is the caller */
};

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#endif
}

size_t bern_processors(void)
{
#ifdef __linux__
	cpu_set_t set;
	if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
		return (size_t)CPU_COUNT(&set);
#endif
	long n = sysconf(_SC_NPROCESSORS_ONLN);
	return n > 0 ? (size_t)n : 1;
}

/* Where the range of a thread begins in `count` tasks. */
static size_t range_of(const bern_pool *pool, size_t count, size_t index)
{
	return count * index / pool->threads;
}

/* Takes and does tasks of a range until none is left. */
static void work_range(bern_pool *pool, size_t range, size_t index)
{
	_Atomic uint64_t *word = &pool->workers[range].ticket;
	uint64_t ticket = atomic_load_explicit(word, memory_order_acquire);
	while (LEFT(ticket) > 0) {
		if (!atomic_compare_exchange_weak_explicit(
			    word, &ticket, ticket - 1, memory_order_acq_rel, memory_order_acquire))
			continue;
		pool->task(pool->user,
			   range_of(pool, pool->count, range + 1) - (size_t)LEFT(ticket), index);
		if (atomic_fetch_sub_explicit(&pool->unfinished, 1, memory_order_acq_rel) == 1) {
			pthread_mutex_lock(&pool->lock);
			if (pool->caller_sleeps)
				pthread_cond_signal(&pool->end);
			pthread_mutex_unlock(&pool->lock);
		}
		ticket = atomic_load_explicit(word, memory_order_acquire);
	}
}

/* Takes and does tasks until none is left: of the thread's own range, then of the next ones. */
static void work(bern_pool *pool, size_t index)
{
	for (size_t i = 0; i < pool->threads; i++)
		work_range(pool, (index + i) % pool->threads, index);
}

/* 1: there is no run after number `seen`. */
static int idle(bern_pool *pool, uint64_t seen)
{
	return atomic_load_explicit(&pool->run, memory_order_acquire) == seen &&
	       !atomic_load_explicit(&pool->quit, memory_order_acquire);
}

static void *live(void *user)
{
	worker *self = user;
	bern_pool *pool = self->pool;
	uint64_t seen = 0;
	while (!atomic_load_explicit(&pool->quit, memory_order_acquire)) {
		for (int look = 0; look < pool->looks && idle(pool, seen); look++)
			relax();
		pthread_mutex_lock(&pool->lock);
		pool->sleeping++;
		while (idle(pool, seen))
			pthread_cond_wait(&pool->begin, &pool->lock);
		pool->sleeping--;
		pthread_mutex_unlock(&pool->lock);
		seen = atomic_load_explicit(&pool->run, memory_order_acquire);
		work(pool, self->index);
	}
	return NULL;
}

int32_t bern_pool_create(bern_pool **out, size_t threads, bern_error *e)
{
	sigset_t all, before;
	int failed = 0;
	assert(threads >= 1 && threads <= BERN_MOST_THREADS);
	const size_t size = sizeof(bern_pool) + threads * sizeof(worker);
	bern_pool *pool = aligned_alloc(_Alignof(bern_pool), size);
	*out = NULL;
	if (!pool)
		return bern_fail(e, BERN_EMEMORY, "no memory for %zu threads", threads);
	memset(pool, 0, size);
	pool->threads = threads;
	pool->looks = threads <= bern_processors() ? LOOKS : 0;
	pool->started = 1;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->begin, NULL);
	pthread_cond_init(&pool->end, NULL);
	/* signals are the caller's business: threads inherit what is blocked */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (; !failed && pool->started < threads; pool->started += !failed) {
		worker *self = &pool->workers[pool->started];
		self->pool = pool;
		self->index = pool->started;
		failed = pthread_create(&self->thread, NULL, live, self);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failed) {
		bern_fail(e, BERN_EMEMORY, "thread %zu of %zu could not be started: %s",
			  pool->started + 1, threads, strerror(failed));
		bern_pool_destroy(pool);
		return e->code;
	}
	*out = pool;
	return 0;
}

void bern_pool_destroy(bern_pool *pool)
{
	if (!pool)
		return;
	pthread_mutex_lock(&pool->lock);
	atomic_store_explicit(&pool->quit, 1, memory_order_release);
	pthread_cond_broadcast(&pool->begin);
	pthread_mutex_unlock(&pool->lock);
	for (size_t i = 1; i < pool->started; i++)
		pthread_join(pool->workers[i].thread, NULL);
	pthread_cond_destroy(&pool->end);
	pthread_cond_destroy(&pool->begin);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

size_t bern_pool_threads(const bern_pool *pool)
{
	return pool ? pool->threads : 1;
}

void bern_pool_run(bern_pool *pool, size_t count, bern_pool_task *task, void *user)
{
	if (!pool || pool->threads == 1 || count <= 1) {
		for (size_t i = 0; i < count; i++)
			task(user, i, 0);
		return;
	}
	assert(count <= UINT32_MAX);
	uint64_t run = atomic_load_explicit(&pool->run, memory_order_relaxed) + 1;
	pool->task = task;
	pool->user = user;
	pool->count = count;
	atomic_store_explicit(&pool->unfinished, count, memory_order_relaxed);
	for (size_t i = 0; i < pool->threads; i++) {
		uint64_t tasks = range_of(pool, count, i + 1) - range_of(pool, count, i);
		atomic_store_explicit(&pool->workers[i].ticket, run << 32 | tasks,
				      memory_order_release);
	}
	atomic_store_explicit(&pool->run, run, memory_order_release);
	pthread_mutex_lock(&pool->lock);
	for (size_t i = 1; i < count && i <= pool->sleeping; i++)
		pthread_cond_signal(&pool->begin);
	pthread_mutex_unlock(&pool->lock);
	work(pool, 0);
	for (int look = 0; look < pool->looks; look++) {
		if (atomic_load_explicit(&pool->unfinished, memory_order_acquire) == 0)
			return;
		relax();
	}
	pthread_mutex_lock(&pool->lock);
	pool->caller_sleeps = 1;
	while (atomic_load_explicit(&pool->unfinished, memory_order_acquire) > 0)
		pthread_cond_wait(&pool->end, &pool->lock);
	pool->caller_sleeps = 0;
	pthread_mutex_unlock(&pool->lock);
}
