/* cli/watch_record.h: `bern watch --record`: the same as the window shows, in a file, without a window. */
#ifndef BERN_CLI_WATCH_RECORD_H
#define BERN_CLI_WATCH_RECORD_H

#include "watch.h"

/* What --panels takes: "all", "env" (the environment alone), or names with commas between them. *shown: bits as of
 * bern_panel_view, 0 for the environment alone. */
int32_t watch_record_panels(const char *text, uint32_t *shown, bern_error *e);

/* Records as the options say and tells on stdout what was written. Returns the exit status; what went wrong has been told. */
int watch_record(const watch_options *options);

#endif
