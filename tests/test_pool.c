/* A pool of threads: every task once, what they wrote seen by all, no two at once in one worker. */
#include <pool.h>

#include <check.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define MOST 5000

typedef struct seen {
	int times[MOST];
	size_t threads;
	_Atomic int busy[16], clash;
	long sum;
} seen;

static void mark(void *user, size_t task, size_t worker)
{
	seen *s = user;
	s->clash |= worker >= s->threads || atomic_fetch_add(&s->busy[worker], 1) != 0;
	s->times[task]++;
	atomic_fetch_sub(&s->busy[worker], 1);
}

static const size_t counts[] = {0, 1, 2, 3, 7, 64, 1000, MOST};

START_TEST(every_task_is_done_once_before_run_returns)
{
	const size_t threads[] = {1, 2, 3, 8};
	bern_pool *pool;
	bern_error e;
	seen *s = calloc(1, sizeof *s);
	s->threads = threads[_i];
	ck_assert_int_eq(bern_pool_create(&pool, threads[_i], &e), 0);
	ck_assert_uint_eq(bern_pool_threads(pool), threads[_i]);
	for (int round = 0; round < 200; round++) {
		size_t count = counts[(size_t)round % (sizeof counts / sizeof *counts)];
		memset(s->times, 0, sizeof s->times);
		bern_pool_run(pool, count, mark, s);
		size_t wrong = 0;
		for (size_t i = 0; i < MOST; i++)
			wrong += s->times[i] != (i < count);
		ck_assert_uint_eq(wrong, 0);
	}
	ck_assert_int_eq(s->clash, 0);
	bern_pool_destroy(pool);
	free(s);
}
END_TEST

static void in_order(void *user, size_t task, size_t worker)
{
	size_t *next = user;
	ck_assert_uint_eq(worker, 0);
	ck_assert_uint_eq(task, (*next)++);
}

START_TEST(no_pool_runs_in_order_in_the_caller)
{
	size_t next = 0;
	bern_pool_run(NULL, 100, in_order, &next);
	ck_assert_uint_eq(next, 100);
	ck_assert_uint_eq(bern_pool_threads(NULL), 1);
	bern_pool_destroy(NULL);
}
END_TEST

/* each run reads what all tasks of the run before wrote: wrong sums, or a report of ThreadSanitizer, if they did not see it */
typedef struct relay {
	long now[64], next[64];
} relay;

static void pass_on(void *user, size_t task, size_t worker)
{
	relay *r = user;
	(void)worker;
	r->next[task] = r->now[(task + 1) % 64] + 1;
}

START_TEST(a_run_sees_what_the_run_before_wrote)
{
	bern_pool *pool;
	bern_error e;
	relay r = {{0}, {0}};
	ck_assert_int_eq(bern_pool_create(&pool, 3, &e), 0);
	for (int round = 1; round <= 1000; round++) {
		bern_pool_run(pool, 64, pass_on, &r);
		memcpy(r.now, r.next, sizeof r.now);
		size_t wrong = 0;
		for (size_t i = 0; i < 64; i++)
			wrong += r.now[i] != round;
		ck_assert_uint_eq(wrong, 0);
	}
	bern_pool_destroy(pool);
}
END_TEST

static void blocked(void *user, size_t task, size_t worker)
{
	sigset_t now;
	(void)task;
	if (worker > 0 && pthread_sigmask(SIG_SETMASK, NULL, &now) == 0 &&
	    !sigismember(&now, SIGINT))
		atomic_store((_Atomic int *)user, 1);
}

START_TEST(threads_of_a_pool_take_no_signals)
{
	bern_pool *pool;
	bern_error e;
	_Atomic int open = 0;
	sigset_t now;
	ck_assert_int_eq(bern_pool_create(&pool, 4, &e), 0);
	for (int round = 0; round < 50; round++)
		bern_pool_run(pool, 100, blocked, &open);
	bern_pool_destroy(pool);
	ck_assert_int_eq(open, 0);
	ck_assert_int_eq(pthread_sigmask(SIG_SETMASK, NULL, &now), 0);
	ck_assert(!sigismember(&now, SIGINT));
}
END_TEST

START_TEST(processors_are_counted)
{
	ck_assert_uint_ge(bern_processors(), 1);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("pool");
	TCase *t = tcase_create("pool");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, every_task_is_done_once_before_run_returns, 0, 4);
	tcase_add_test(t, no_pool_runs_in_order_in_the_caller);
	tcase_add_test(t, a_run_sees_what_the_run_before_wrote);
	tcase_add_test(t, threads_of_a_pool_take_no_signals);
	tcase_add_test(t, processors_are_counted);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
