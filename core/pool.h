/* pool.h: a few threads that share out numbered tasks. Internal to libbern.
 *
 * bern_pool_run hands the tasks 0 .. count - 1 to the threads of the pool, the calling one included, and returns when all are done.
 * Each thread begins with its own share of them, the same in every run of as many tasks, and then takes what others have left: which thread
 * gets which task is a matter of chance, so whatever must not depend on it is indexed by the task; scratch memory is indexed by the
 * worker. No allocation after create. Between runs threads sleep; they look out for the next run for some
 * microseconds first, as long as there is a processor for each.
 */
#ifndef BERN_POOL_H
#define BERN_POOL_H

#include <bern/error.h>
#include <stddef.h>

#define BERN_MOST_THREADS 1024

typedef struct bern_pool bern_pool;

/* Task `task` by worker `worker` (0 .. threads - 1; 0 is the thread that called run). No two tasks run at once in one worker. */
typedef void bern_pool_task(void *user, size_t task, size_t worker);

/* Starts threads - 1 threads; threads from 1 to BERN_MOST_THREADS. They take no signals. */
int32_t bern_pool_create(bern_pool **out, size_t threads, bern_error *e);
void bern_pool_destroy(bern_pool *pool); /* NULL is fine */

/* Threads of the pool, the caller's included; 1 of NULL. */
size_t bern_pool_threads(const bern_pool *pool);

/* Runs `count` tasks, at most 2^32 - 1; with one thread, one task or a pool of NULL in the calling thread, in order. One run at a
 * time, and always from the same thread. What tasks wrote is seen by the caller afterwards, and by later runs. */
void bern_pool_run(bern_pool *pool, size_t count, bern_pool_task *task, void *user);

/* Processors that this process may use now, at least 1. */
size_t bern_processors(void);

#endif
