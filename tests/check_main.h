/* What every Check test program shares: the main function that runs suites in TAP mode, so that `meson test` reads each
 * claim by itself. Defines main(); include it once, last, after `static Suite *suite(void)`. */
#ifndef BERN_TEST_CHECK_MAIN_H
#define BERN_TEST_CHECK_MAIN_H

#include <check.h>
#include <stdlib.h>

int main(void)
{
	SRunner *runner = srunner_create(suite());
	/* no forking: sanitizers and valgrind see one process, and a crash is a crash */
	if (!getenv("CK_FORK"))
		srunner_set_fork_status(runner, CK_NOFORK);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}

#endif
