/* Times frames of the window with all panels while an agent steps: a 4-128-128-2 network at 1280x720, drawn by the processor. The
 * display is SDL2's driver that shows nothing, or the real one with DISPLAY and BERN_BENCH_SEEN set. Fails above 4 ms in the
 * median or 8 ms at the 99th percentile: of the thread's processor time, and of time by the clock where the two are the same to 3%,
 * so that no other program has taken the processor away. usage: bench_viewer WINDOW_MODULE */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bern/agent.h>
#include <command.h>
#include <inspect_agent.h>
#include <panels.h>
#include <window.h>

#define FRAMES 1000

static int ascending(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double processor(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Returns 1 if they are slow and that matters. Sorts them. */
static int report(const char *what, double *seconds, int judged)
{
	qsort(seconds, FRAMES, sizeof *seconds, ascending);
	const double median = 1000 * seconds[FRAMES / 2], high = 1000 * seconds[FRAMES * 99 / 100];
	printf("  %s: median %.2f ms, 99th percentile %.2f ms%s\n", what, median, high,
	       judged ? "" : ", not judged: other programs take the processor");
	return judged && (median > 4 || high > 8);
}

static int failed(const bern_error *e)
{
	fprintf(stderr, "bench_viewer: %s\n", e->text);
	return 1;
}

int main(int argc, char **argv)
{
	void *library = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
	void *symbol = library ? dlsym(library, WINDOW_SYMBOL) : NULL;
	window_module_entry *entry;
	if (!symbol)
		return 2;
	memcpy(&entry, &symbol, sizeof entry);
	const window_module *m = entry();
	const int seen = getenv("BERN_BENCH_SEEN") != NULL;
	if (!seen)
		setenv("SDL_VIDEODRIVER", "dummy", 1);

	bern_error e = {0};
	bern_registry *registry;
	const bern_env *env;
	bern_world world;
	bern_agent *agent;
	bern_agent_config config;
	bern_inspector inspector;
	bern_player *player;
	bern_panels *panels;
	window *w;
	bern_agent_config_defaults(&config);
	if (open_registry(&registry, NULL, 0, &e) ||
	    bern_registry_find(registry, "CartPole-v1", &env, &e) ||
	    bern_world_open(&world, env, NULL, 0, &e) ||
	    bern_agent_config_set(&config, "hidden", "128,128", &e) ||
	    bern_agent_config_set(&config, "firings", "16", &e) ||
	    bern_agent_create(&agent, &config, &world, 1, &e) ||
	    bern_agent_inspect(agent, &world, &inspector, &e))
		return failed(&e);
	const bern_player_plan plan = {.world = &world, .inspector = &inspector};
	const window_plan window_plan = {
		.title = "bench", .width = 1280, .height = 720, .scale = 1, .unseen = !seen};
	if (bern_player_create(&player, &plan, &e) || bern_panels_create(&panels, player, &e) ||
	    m->open(&w, &window_plan, &e))
		return failed(&e);

	bern_panel_view view = bern_panel_view_default();
	static double seconds[FRAMES], own[FRAMES];
	double all = 0, all_own = 0;
	for (int i = 0; i < FRAMES; i++) {
		const double start = m->now(w), own_start = processor();
		const bern_paper *paper;
		double width, height;
		if (bern_player_forward(player, &e) ||
		    m->begin(w, BERN_PAGE_COLOR, &paper, &width, &height, &e))
			return failed(&e);
		bern_panels_draw(panels, &view, paper, width, height);
		if (m->present(w, &e))
			return failed(&e);
		all_own += own[i] = processor() - own_start;
		all += seconds[i] = m->now(w) - start;
	}
	printf("a step and a frame of all panels at 1280x720\n");
	int late = report("processor time", own, 1);
	late |= report("by the clock", seconds, all_own > 0.97 * all);
	m->close(w);
	bern_panels_destroy(panels);
	bern_player_destroy(player);
	bern_inspect_finish(&inspector);
	bern_agent_destroy(agent);
	bern_world_finish(&world);
	bern_registry_destroy(registry);
	return late;
}
