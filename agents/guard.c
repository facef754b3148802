#include "guard.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Not written as x > most, which NaN would pass. An infinite `most` still excludes infinity. */
static int within(double x, double most)
{
	return fabs(x) <= most && fabs(x) < (double)INFINITY;
}

static int32_t tell(const bern_guard *guard, const char *what, double x, double most,
		    const char *advice, bern_error *e)
{
	char how[64] = "NaN", update[40] = "";
	if (isinf(x))
		snprintf(how, sizeof how, "infinite");
	else if (!isnan(x))
		snprintf(how, sizeof how, "%g, beyond %g", x, most);
	if (guard->update)
		snprintf(update, sizeof update, " (update %" PRIu64 ")", guard->update);
	return bern_fail(e, BERN_ENUMBER, "%s became %s at step %" PRIu64 "%s; %s", what, how,
			 guard->steps, update, advice);
}

int32_t bern_guard_number(const bern_guard *guard, const char *what, double x, double most,
			  const char *advice, bern_error *e)
{
	return within(x, most) ? 0 : tell(guard, what, x, most, advice, e);
}

int32_t bern_guard_rows(const bern_guard *guard, const char *what, const float *x, size_t rows,
			const char *advice, bern_error *e)
{
	char name[160];
	for (size_t r = 0; r < rows; r++)
		if (!within((double)x[r], (double)INFINITY)) {
			snprintf(name, sizeof name, "%s (lane %zu, step %zu of the play)", what,
				 r % guard->lanes, r / guard->lanes);
			return tell(guard, name, (double)x[r], (double)INFINITY, advice, e);
		}
	return 0;
}

int32_t bern_guard_tensors(const bern_guard *guard, const bern_tensors *list, const char *prefix,
			   double most, const char *advice, bern_error *e)
{
	char name[BERN_TENSOR_NAME + 40];
	for (size_t i = 0; i < list->count; i++) {
		const bern_tensor *item = &list->items[i];
		const float *single = item->type == BERN_T_F32 ? item->data : NULL;
		const double *whole = item->type == BERN_T_F64 ? item->data : NULL;
		if (strncmp(item->name, prefix, strlen(prefix)) != 0 || (!single && !whole))
			continue;
		for (uint64_t k = 0; k < bern_tensor_elements(item); k++) {
			double x = single ? (double)single[k] : whole[k];
			if (within(x, most))
				continue;
			snprintf(name, sizeof name, "element %" PRIu64 " of %s", k, item->name);
			return tell(guard, name, x, most, advice, e);
		}
	}
	return 0;
}
