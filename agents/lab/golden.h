/* golden.h: numbers recorded elsewhere, and what this program makes of them. Internal to the laboratory. */
#ifndef BERN_LAB_GOLDEN_H
#define BERN_LAB_GOLDEN_H

#include <bern/error.h>
#include <stddef.h>

typedef struct lab_golden {
	char name[48];
	double recorded, here;
} lab_golden;

#define LAB_GOLDEN_ROWS 48

/* Two inputs, 3 and 2 binary units of which the last two are the action, four rewards; one layer of 3 units with 1 to 4 firings. Writes
 * at most LAB_GOLDEN_ROWS rows. */
int32_t lab_golden_rows(lab_golden *rows, size_t *count, bern_error *e);

#endif
