#include "meta.h"

#include "command.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

/* The processor by name where it can be asked, which takes no file: some kernels need a long time for /proc/cpuinfo. */
static void cpu_name(char out[80])
{
	struct utsname system;
	snprintf(out, 80, "%s", uname(&system) == 0 ? system.machine : "unknown");
#if defined(__x86_64__) || defined(__i386__)
	unsigned words[12];
	if ((unsigned)__get_cpuid_max(0x80000000u, NULL) < 0x80000004u)
		return;
	for (unsigned i = 0; i < 3; i++)
		__get_cpuid(0x80000002u + i, &words[4 * i], &words[4 * i + 1], &words[4 * i + 2],
			    &words[4 * i + 3]);
	char text[sizeof words + 1] = "";
	memcpy(text, words, sizeof words);
	const char *start = text + strspn(text, " ");
	if (*start)
		snprintf(out, 80, "%s", start);
#endif
}

static void utc_now(char out[32])
{
	time_t now = time(NULL);
	struct tm t;
	out[0] = '\0';
	if (gmtime_r(&now, &t))
		strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &t);
}

/* Text as JSON; bytes that are no UTF-8 become question marks. */
static json_t *json_text(const char *text)
{
	json_t *value = json_string(text);
	if (value)
		return value;
	char *copy = strdup(text);
	if (!copy)
		return NULL;
	for (char *c = copy; *c; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	value = json_string(copy);
	free(copy);
	return value;
}

/* The words of the command line, where the system tells. */
static json_t *command_line(void)
{
	char text[4096];
	FILE *file = fopen("/proc/self/cmdline", "rb");
	if (!file)
		return json_null();
	size_t size = fread(text, 1, sizeof text - 1, file);
	fclose(file);
	text[size] = '\0';
	json_t *words = json_array();
	for (size_t at = 0; at < size; at += strlen(text + at) + 1)
		json_array_append_new(words, json_text(text + at));
	return words;
}

static int32_t write_meta(const run_folder *folder, const json_t *root, bern_error *e)
{
	char *text = json_dumps(root, JSON_INDENT(2));
	if (!text)
		return bern_fail(e, BERN_EMEMORY, "meta.json of %s could not be composed",
				 folder->path);
	int32_t rc = run_folder_write(folder, "meta.json", text, e);
	free(text);
	return rc;
}

/* What is in the file, or NULL if that is no object. */
static json_t *read_meta(const run_folder *folder)
{
	char path[RUN_PATH_ROOM + 64];
	json_error_t why;
	json_t *root = json_load_file(run_folder_file(folder, "meta.json", path), 0, &why);
	if (!json_is_object(root)) {
		json_decref(root);
		return NULL;
	}
	return root;
}

int32_t meta_start(const run_folder *folder, const run_config *config, const char *origin,
		   uint64_t step, bern_error *e)
{
	char host[256] = "", cpu[80], start[32], seed[32];
	json_t *root = read_meta(folder);
	if (!root)
		root = json_object();
	json_t *sessions = json_object_get(root, "sessions");
	if (!json_is_array(sessions)) {
		sessions = json_array();
		json_object_set_new(root, "sessions", sessions);
	}
	snprintf(seed, sizeof seed, "%" PRIu64, config->run.seed);
	gethostname(host, sizeof host - 1);
	cpu_name(cpu);
	utc_now(start);
	json_object_set_new(root, "env", json_text(config->env_id));
	json_object_set_new(root, "env_origin", json_text(origin));
	json_object_set_new(root, "agent", json_text(config->agent.agent));
	json_object_set_new(root, "seed", json_string(seed));
	json_t *session = json_object();
	json_object_set_new(session, "bern", json_string(BERN_VERSION));
	json_object_set_new(session, "commit", json_string(version_commit()));
	json_object_set_new(session, "command", command_line());
	json_object_set_new(session, "host", json_text(host));
	json_object_set_new(session, "cpu", json_text(cpu));
	json_object_set_new(session, "start", json_string(start));
	json_object_set_new(session, "end", json_null());
	json_object_set_new(session, "exit", json_string("running"));
	json_object_set_new(session, "first_step", json_integer((json_int_t)step));
	json_object_set_new(session, "last_step", json_null());
	json_array_append_new(sessions, session);
	int32_t rc = write_meta(folder, root, e);
	json_decref(root);
	return rc;
}

double meta_solved_before(const run_folder *folder, uint64_t step)
{
	json_t *root = read_meta(folder), *session;
	double first = INFINITY;
	size_t i;
	json_array_foreach(json_object_get(root, "sessions"), i, session)
	{
		const json_t *at = json_object_get(json_object_get(session, "result"),
						   "solved_step");
		if (json_is_number(at) && json_number_value(at) < first)
			first = json_number_value(at);
	}
	json_decref(root);
	return first <= (double)step ? first : (double)INFINITY;
}

/* null where it is not known; whole numbers as such */
static json_t *json_known(double x)
{
	if (!isfinite(x))
		return json_null();
	return x == floor(x) && fabs(x) < 9e15 ? json_integer((json_int_t)x) : json_real(x);
}

static json_t *json_outcome(const run_outcome *o)
{
	json_t *result = json_object();
	json_object_set_new(result, "return", json_known(o->mean));
	json_object_set_new(result, "low", json_known(o->low));
	json_object_set_new(result, "high", json_known(o->high));
	json_object_set_new(result, "episodes", json_known(o->episodes));
	json_object_set_new(result, "learning", json_known(o->learning));
	json_object_set_new(result, "best_look", json_known(o->best_look));
	json_object_set_new(result, "solved_step", json_known(o->solved_step));
	return result;
}

int32_t meta_end(const run_folder *folder, const char *how, uint64_t step,
		 const run_outcome *outcome, bern_error *e)
{
	char end[32];
	json_t *root = read_meta(folder);
	json_t *sessions = json_object_get(root, "sessions");
	json_t *session = json_array_get(sessions, json_array_size(sessions) - 1);
	utc_now(end);
	json_object_set_new(session, "end", json_string(end));
	json_object_set_new(session, "exit", json_text(how));
	json_object_set_new(session, "last_step", json_integer((json_int_t)step));
	if (outcome)
		json_object_set_new(session, "result", json_outcome(outcome));
	/* a file that somebody broke meanwhile is left alone */
	int32_t rc = session ? write_meta(folder, root, e) : 0;
	json_decref(root);
	return rc;
}

char *meta_text(const run_folder *folder, const char *key, char *out, size_t size)
{
	json_t *root = read_meta(folder);
	const char *text = json_string_value(json_object_get(root, key));
	snprintf(out, size, "%s", text ? text : "");
	json_decref(root);
	return out;
}

int32_t find_environment(const bern_registry *registry, const char *id, const run_folder *folder,
			 const bern_env **env, bern_error *e)
{
	char origin[RUN_PATH_ROOM];
	int32_t rc = bern_registry_find(registry, id, env, e);
	if (!rc)
		return 0;
	meta_text(folder, "env_origin", origin, sizeof origin);
	int there = access(origin, R_OK) == 0;
	if (strchr(origin, '/'))
		return bern_fail(e, rc,
				 "there is no environment %s; it came from the plugin %.900s, "
				 "which is %s: give --env-path %s",
				 id, origin, there ? "still there" : "not there any more",
				 there ? origin : "with where it is now");
	return rc;
}
