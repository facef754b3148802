#include "session.h"

#include "meta.h"
#include "mpirun.h"
#include "report.h"
#include "signals.h"
#include "trainer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Says what went wrong, in one line with where the last good checkpoint is, and notes it in meta.json. */
static int fail_run(const session *s, const trainer *t, bern_error *e)
{
	bern_error ignored, said = *e;
	char how[sizeof e->text + 16];
	if (!trainer_leads(t))
		return exit_status_of(e);
	if (t->written[0])
		snprintf(said.text, sizeof said.text,
			 "%.500s; the last good checkpoint is %.300s/%s", e->text, s->folder.path,
			 t->written);
	snprintf(how, sizeof how, "failed: %s", e->text);
	meta_end(&s->folder, how, t->lanes.steps, NULL, &ignored);
	return report_error(s->command, &said);
}

/* Makes the folder of a new run, or goes on in an old one. */
static int32_t enter_folder(session *s, trainer *t, const char *config_text, int resumed,
			    bern_error *e)
{
	int32_t rc = 0;
	if (!trainer_leads(t))
		return resumed ? 0 : trainer_begin(t, e);
	if (!resumed)
		rc = run_folder_create(&s->folder, s->config, s->force, time(NULL), e);
	if (!rc && (!resumed || s->extend))
		rc = run_folder_write(&s->folder, "config.yaml", config_text, e);
	if (!rc)
		rc = meta_start(&s->folder, s->config, s->env_origin, t->lanes.steps, e);
	if (!rc && !resumed)
		rc = trainer_begin(t, e);
	if (rc && !resumed)
		run_folder_remove(&s->folder);
	return rc;
}

/* Takes up the checkpoint, and makes room for more steps where they are wanted. */
static int32_t restore(session *s, trainer *t, bern_error *e)
{
	run_options *run = &s->config->run;
	int32_t rc = trainer_restore(t, e);
	if (rc || !s->extend)
		return rc;
	if ((uint64_t)run->total_timesteps <= t->lanes.steps &&
	    run->total_timesteps == s->configured) {
		s->extend = 0; /* what was asked for is there already */
		return 0;
	}
	if ((uint64_t)run->total_timesteps <= t->lanes.steps)
		return bern_fail(e, BERN_EUSAGE,
				 "--total-timesteps %" PRId64
				 " is not allowed: %s has made %" PRIu64
				 " steps, and more than that is needed",
				 run->total_timesteps, s->folder.path, t->lanes.steps);
	if (trainer_ended(t) == END_SOLVED)
		run->stop_looks = 0;
	return 0;
}

/* The evaluations at the end: of the best weights, and of the last ones if those are others. */
static int32_t evaluate(trainer *t, report *r, bern_error *e)
{
	int32_t rc = 0;
	int other = t->count.has_best && t->count.best_step != t->lanes.steps;
	if (t->setup.config->run.final_episodes == 0)
		return 0;
	rc = trainer_final(t, &r->latest, e);
	r->has_latest = !rc;
	if (rc || !other)
		return rc;
	rc = trainer_take_best(t, e);
	if (!rc)
		rc = trainer_final(t, &r->best, e);
	r->has_best = !rc;
	return rc;
}

static const char *const end_names[] = {
	[END_STEPS] = "finished", [END_SOLVED] = "solved", [END_INTERRUPTED] = "interrupted"};

/* Trains in a folder that is ready. */
static int train_there(session *s, trainer *t)
{
	bern_error e = {0};
	int end = 0;
	if (!trainer_leads(t))
		return trainer_run(t, &end, &e) ? exit_status_of(&e) : EXIT_OK;
	report r = {.trainer = t, .solved_before = meta_solved_before(&s->folder, t->lanes.steps)};
	int32_t rc = trainer_run(t, &end, &e);
	r.learn_seconds = t->now - t->run_start - t->look_seconds;
	if (!rc && end != END_INTERRUPTED)
		rc = evaluate(t, &r, &e);
	if (rc)
		return fail_run(s, t, &e);
	/* Ctrl-C while evaluating: the run is complete, and the user waits for nothing more */
	r.end = end;
	r.seconds = trainer_clock() - s->start;
	const run_outcome outcome = report_outcome(&r);
	rc = meta_end(&s->folder, end_names[end], t->lanes.steps, &outcome, &e);
	if (rc)
		return report_error(s->command, &e);
	report_print(&r);
	return signals_came() || end == END_INTERRUPTED ? EXIT_INTERRUPTED : EXIT_OK;
}

int session_run(session *s, int resumed)
{
	bern_error e = {0};
	bern_agent *agent = NULL;
	trainer *t = calloc(1, sizeof *t);
	char *text = NULL;
	int status = EXIT_OK;
	int32_t rc = t ? 0 : bern_fail(&e, BERN_EMEMORY, "memory is out");
	s->config->agent.ranks = s->ranks;
	if (!rc)
		rc = bern_agent_create(&agent, &s->config->agent, s->world, s->config->run.seed,
				       &e);
	if (!rc) {
		const trainer_setup setup = {
			.command = s->command,
			.config = s->config,
			.world = s->world,
			.agent = agent,
			.folder = &s->folder,
			.style = s->style,
			.plugin = strcmp(s->env_origin, "built in") ? s->env_origin : NULL,
			.start = s->start,
			.ranks = s->ranks};
		rc = trainer_init(t, &setup, &e);
	}
	/* from here on all ranks go on alike, or none */
	rc = bern_ranks_agree(s->ranks, rc, &e);
	if (!rc && !resumed && s->config->run.init_from[0])
		rc = trainer_take_weights(t, s->config->run.init_from, &e);
	if (!rc && resumed)
		rc = restore(s, t, &e);
	if (!rc && resumed && trainer_ended(t)) {
		const report r = {.trainer = t,
				  .end = trainer_ended(t),
				  .solved_before = meta_solved_before(&s->folder, t->lanes.steps)};
		if (trainer_leads(t))
			report_nothing_left(&r);
		goto done;
	}
	if (!rc && !(text = run_config_yaml(s->config, s->world)))
		rc = bern_fail(&e, BERN_EMEMORY, "memory is out");
	rc = bern_ranks_agree(s->ranks, rc, &e);
	if (!rc)
		rc = mpirun_compare(s->ranks, "configuration", text, strlen(text), &e);
	if (!rc) {
		t->setup.config_text = text;
		/* from here on a signal ends the run in order */
		signals_watch();
		rc = bern_ranks_agree(s->ranks, enter_folder(s, t, text, resumed, &e), &e);
	}
	status = rc ? mpirun_report(s->ranks, s->command, &e) : train_there(s, t);
done:
	if (t)
		trainer_finish(t);
	bern_agent_destroy(agent);
	run_folder_close(&s->folder);
	free(text);
	free(t);
	return status;
}
