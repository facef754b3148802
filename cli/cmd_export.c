/* bern export: the policy of a run for programs that are not Bern. */
#include "command.h"
#include "export.h"
#include "file.h"
#include "options.h"
#include "report.h"
#include "trained.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG_ROOM ((size_t)1 << 20)

enum { FORMAT_AUTO, FORMAT_C, FORMAT_SAFETENSORS, FORMAT_NPZ };

enum {
	FLAG_OUTPUT,
	FLAG_FORMAT,
	FLAG_POLICY,
	FLAG_ENV_PATH,
	CLI_ISOLATE_PLACES,
	FLAG_QUIET,
	FLAG_VERBOSE,
	FLAG_HELP
};
static const cli_flag flags[] = {
	{"output", 'o', "FILE", "the file to write [policy.c]"},
	{"format", 0, "NAME", "c, safetensors or npz [by the ending of FILE]"},
	{"policy", 0, "NAME",
	 "of a C file: sampled, mean-field or thresholded, as of bern eval [sampled]"},
	{"env-path", 0, "PATH", "a plugin or a folder of plugins to load; may be given again"},
	CLI_ISOLATE_FLAGS,
	CLI_COMMON_FLAGS,
};

const command_help export_help = {
	.usage = "bern export RUN [-o FILE] [--format c|safetensors|npz] [--policy "
		 "sampled|mean-field|thresholded]",
	.summary =
		"Writes the policy of a trained agent for other programs: as C99 that depends on\n"
		"nothing and decides as Bern does (FILE.c and FILE.h), or its weights as\n"
		"safetensors or NPZ. RUN is a run folder (its best checkpoint, else its latest) "
		"or\n"
		"a checkpoint file in it.",
	.examples = "  bern export runs/mine -o policy.c && cc -std=c99 -c policy.c\n"
		    "  bern export runs/mine -o pole.c --policy thresholded\n"
		    "  bern export runs/mine -o weights.npz\n",
	.notes =
		"As C go networks of binary units, any number of layers, with softmax or bernoulli "
		"heads and\nfixed factors on the observation; the weights of every agent go as "
		"safetensors and NPZ.\n",
	.flags = flags,
	.flag_count = sizeof flags / sizeof flags[0],
};

typedef struct export_request {
	const char *run, *output;
	int64_t format;
	int32_t mode, has_mode;
	const char **paths;
	size_t path_count;
	isolation isolation;
	output_style style;
} export_request;

static int ends_in(const char *text, const char *ending)
{
	size_t n = strlen(text), m = strlen(ending);
	return n > m && !strcmp(text + n - m, ending);
}

/* The format that the name of the file asks for, and the one that --format does, must agree for C, which makes two files. */
static int32_t choose_format(export_request *r, bern_error *e)
{
	if (r->format == FORMAT_AUTO)
		r->format = ends_in(r->output, ".c")             ? FORMAT_C
			    : ends_in(r->output, ".npz")         ? FORMAT_NPZ
			    : ends_in(r->output, ".safetensors") ? FORMAT_SAFETENSORS
								 : FORMAT_AUTO;
	if (r->format == FORMAT_AUTO)
		return bern_fail(e, BERN_EUSAGE,
				 "--output: %.500s tells no format; allowed: names that end in .c, "
				 ".safetensors or .npz, or --format",
				 r->output);
	if (r->format == FORMAT_C && !ends_in(r->output, ".c"))
		return bern_fail(e, BERN_EUSAGE,
				 "--output: %.500s must end in .c, because a header of the same "
				 "name with .h goes beside it",
				 r->output);
	const char *slash = strrchr(r->output, '/'), *base = slash ? slash + 1 : r->output;
	if (r->format == FORMAT_C && strpbrk(base, "\"\\\n\r*?@"))
		return bern_fail(
			e, BERN_EUSAGE,
			"--output: %.500s cannot be told to #include; allowed: names without "
			"quotation marks, backslashes, *, ?, @ and ends of lines",
			r->output);
	if (r->format != FORMAT_C && r->has_mode)
		return bern_fail(e, BERN_EUSAGE,
				 "--policy: files of weights do not decide; it belongs to C files");
	return 0;
}

/* What a C file's functions begin with: the file's name without folder and ending, '_' for what no C name holds. */
static char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	size_t length = strlen(base) - 2;
	char *name = malloc(length + 8);
	if (!name)
		return NULL;
	/* names that begin with '_' or a digit are not ours to give */
	const char *before = isalpha((unsigned char)base[0]) ? "" : "policy";
	size_t n = strlen(before);
	memcpy(name, before, n);
	for (size_t i = 0; i < length; i++) {
		char c = base[i];
		int fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			   (c >= '0' && c <= '9');
		if (i == 0 && n > 0 && c != '_')
			name[n++] = '_';
		name[n++] = fits ? c : '_';
	}
	name[n] = '\0';
	return name;
}

/* Writes both files. If the second fails, the first is again what it was, so that no pair is of two policies. */
static int32_t write_pair(const char *header, const char *h, const char *source, const char *c,
			  bern_error *e)
{
	unsigned char *old;
	size_t size;
	bern_error none;
	const int there = !bern_file_read(header, (size_t)1 << 24, &old, &size, &none);
	int32_t rc = bern_file_replace(header, &(bern_piece){h, strlen(h)}, 1, e);
	if (!rc && (rc = bern_file_replace(source, &(bern_piece){c, strlen(c)}, 1, e))) {
		if (there)
			bern_file_replace(header, &(bern_piece){old, size}, 1, &none);
		else
			remove(header);
	}
	if (there)
		free(old);
	return rc;
}

static int32_t write_c(const export_request *r, const trained *v, bern_error *e)
{
	char *c = NULL, *h = NULL, *name = name_of(r->output), *header = strdup(r->output);
	int32_t rc = name && header ? 0 : bern_fail(e, BERN_EMEMORY, "memory is out");
	const char *slash = header ? strrchr(header, '/') : NULL;
	if (header)
		header[strlen(header) - 1] = 'h';
	const export_c_plan plan = {name, slash ? slash + 1 : header, v->path, v->step, r->mode};
	if (!rc)
		rc = export_c(v->agent, &plan, &c, &h, e);
	if (!rc)
		rc = write_pair(header, h, r->output, c, e);
	free(header);
	free(name);
	free(c);
	free(h);
	return rc;
}

static int32_t write_safetensors(const export_request *r, const trained *v, bern_error *e)
{
	char *config = malloc(CONFIG_ROOM);
	int32_t rc = config ? 0 : bern_fail(e, BERN_EMEMORY, "memory is out");
	if (!rc)
		rc = bern_checkpoint_metadata(v->path, "config", config, CONFIG_ROOM, e);
	const bern_metadata metadata[] = {{"format", "bern-policy-1"},
					  {"environment", v->config.env_id},
					  {"step", v->step},
					  {"config", config}};
	if (!rc)
		rc = bern_checkpoint_write(r->output, &v->tensors, metadata, 4, e);
	free(config);
	return rc;
}

static int32_t export_run(const export_request *r, bern_error *e)
{
	trained v = {0};
	int32_t rc = trained_open(&v, r->run, r->paths, r->path_count, &r->isolation, e);
	if (!rc && v.tensors.count == 0)
		rc = bern_fail(e, BERN_EUSAGE, "the agent %s has no arrays to export",
			       v.agent->kind->name);
	if (!rc)
		rc = r->format == FORMAT_C     ? write_c(r, &v, e)
		     : r->format == FORMAT_NPZ ? npz_write(r->output, &v.tensors, e)
					       : write_safetensors(r, &v, e);
	if (!rc && !r->style.quiet) {
		print_line("checkpoint", "%s (%s, step %s)", v.path, v.which, v.step);
		print_line("written", "%s", r->output);
	}
	trained_close(&v);
	return rc;
}

static int32_t take_flag(export_request *request, const arg_reader *args, int *wants_help,
			 bern_error *e)
{
	/* in the order of enum bern_policy_mode, and of the formats */
	static const char *const modes[] = {"sampled", "mean-field", "thresholded", NULL};
	static const char *const formats[] = {"c", "safetensors", "npz", NULL};
	static const bern_param policy = {"--policy", "", BERN_CHOICE, 0, "sampled", 0, 0, modes};
	static const bern_param format = {"--format", "", BERN_CHOICE, 0, "c", 0, 0, formats};
	bern_value value = {0};
	int32_t rc = 0;
	switch (args->index) {
	case FLAG_OUTPUT:
		request->output = args->text;
		break;
	case FLAG_FORMAT:
		rc = bern_param_parse(&format, args->text, &value, e);
		request->format = FORMAT_C + value.i;
		break;
	case FLAG_POLICY:
		rc = bern_param_parse(&policy, args->text, &value, e);
		request->mode = (int32_t)value.i;
		request->has_mode = 1;
		break;
	case FLAG_ENV_PATH:
		request->paths[request->path_count++] = args->text;
		break;
	case FLAG_ISOLATE:
	case FLAG_ISOLATE_SECONDS:
	case FLAG_ISOLATE_MEMORY:
		rc = isolation_take(&request->isolation, args->index - FLAG_ISOLATE, args->text, e);
		break;
	case FLAG_QUIET:
		request->style.quiet = 1;
		break;
	case FLAG_VERBOSE:
		request->style.verbose = 1;
		break;
	default:
		*wants_help = 1;
	}
	return rc;
}

int cmd_export(const char *program, int argc, char **argv)
{
	arg_reader args = {argc, argv, flags, sizeof flags / sizeof flags[0], .at = 0};
	export_request request = {.output = "policy.c",
				  .paths = calloc((size_t)argc + 1, sizeof *request.paths),
				  .style = output_style_now(program),
				  .isolation = ISOLATION_DEFAULTS};
	int wants_help = 0;
	bern_error e;
	int32_t rc = request.paths ? 0 : bern_fail(&e, BERN_EMEMORY, "out of memory");
	while (rc == 0 && !wants_help && (rc = arg_next(&args, &e)) == 0 && args.kind != ARG_END) {
		if (args.kind == ARG_FLAG)
			rc = take_flag(&request, &args, &wants_help, &e);
		else if (request.run)
			rc = bern_fail(&e, BERN_EUSAGE,
				       "'%.100s' is one argument too many; usage: %s", args.text,
				       export_help.usage);
		else
			request.run = args.text;
	}
	request.isolation.command = request.style.quiet ? NULL : "export";
	if (rc == 0 && wants_help)
		help_print(stdout, &export_help);
	else if (rc == 0 && !request.run)
		rc = bern_fail(&e, BERN_EUSAGE, "which run? usage: %s", export_help.usage);
	else if (rc == 0)
		rc = choose_format(&request, &e);
	if (rc == 0 && !wants_help)
		rc = export_run(&request, &e);
	free(request.paths);
	return rc ? report_error("export", &e) : EXIT_OK;
}
