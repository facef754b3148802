#include "command.h"
#include "lab.h"

#include <lab/prove.h>

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

enum {
	FLAG_SEED,
	FLAG_MAX_BITS,
	FLAG_SAMPLES,
	FLAG_ALPHA,
	FLAG_BIAS,
	FLAG_FALSE_ALARMS,
	FLAG_JSON,
	FLAG_QUIET,
	FLAG_VERBOSE,
	FLAG_HELP
};
static const cli_flag flags[] = {
	{"seed", 0, "N", "of networks, worlds and samples [1; 0 .. 18446744073709551615]"},
	{"max-bits", 0, "N", "most bits that are enumerated at once [14; 1 .. 20]"},
	{"samples", 0, "N", "most episodes of a sampled proof [400000; 10000 .. 1e9]"},
	{"alpha", 0, "X",
	 "probability that a sampled proof rejects what is right [1e-5; 1e-9 .. 0.1]"},
	{"bias", 0, "X",
	 "bias that sampled proofs are to see, as a share of the gradient's largest number "
	 "[0.05; 0.0001 .. 1]"},
	{"false-alarms", 0, "N",
	 "instead, count how often N sampled proofs of an estimator that is right reject it, each "
	 "at alpha"},
	{"json", 0, NULL, "one JSON object a line, one for each proof"},
	CLI_COMMON_FLAGS,
};

const command_help lab_prove_help = {
	.usage = "bern lab prove [NAME...] [--seed N] [--max-bits N] [--samples N] [--alpha X] "
		 "[--bias X] [--json]",
	.summary =
		"Proves the estimators NAME (default: all, and the controls) on small random\n"
		"networks, bandits and decision processes, against the exact gradient. exact: "
		"mean\n"
		"and variance over every firing, action, reward and next state, through the code\n"
		"that trains, in float32; double: the same of a plain reference; sampled: the\n"
		"agent plays as in training, and a t test of every parameter judges. Exits with 3\n"
		"if an estimator that claims to be unbiased is not, or a control passes.",
	.examples = "  bern lab prove\n"
		    "  bern lab prove firings --max-bits 16\n"
		    "  bern lab prove unbiased --samples 10000000 --bias 0.01\n"
		    "  bern lab prove --false-alarms 1000 --alpha 0.01\n"
		    "  bern lab prove --json | jq -r 'select(.failed) | .subject'\n",
	.notes =
		"off: largest error of the mean gradient, in shares of the gradient's largest "
		"number;\n"
		"limit: what rounding may do (exact, double), or the bias of one number that would "
		"have\n"
		"been seen nine times in ten (sampled). variance: of one estimate, all parameters\n"
		"together, episode by episode.\n"
		"'unbiased' is claimed for the estimate given its advantages; what training adds\n"
		"(a learned value, normalised advantages, a dropped discount) is among the "
		"controls.\n",
	.flags = flags,
	.flag_count = sizeof flags / sizeof flags[0],
};

typedef struct printer {
	int json, quiet;
	int begun; /* the head of the table is printed */
} printer;

static const char *const ways[] = {
	[LAB_EXACT] = "exact",
	[LAB_DOUBLE] = "double",
	[LAB_SAMPLED] = "sampled",
	[LAB_RECORDED] = "recorded",
};

static const char *verdict(const lab_proof *p)
{
	if (p->way == LAB_RECORDED)
		return p->biased ? "NOT MET" : "met";
	if (p->claim == LAB_CONTROL)
		return p->biased ? "found out" : "NOT FOUND OUT";
	if (p->claim == LAB_CLAIMS_NOTHING)
		return p->biased ? "biased, as it says" : "no bias seen";
	return !p->biased ? "unbiased" : "BIASED";
}

static void print_proof(void *user, const lab_proof *p)
{
	printer *style = user;
	double size = p->size > 0.0 ? p->size : 1.0;
	char variance[32] = "-";
	if (style->json) {
		json_t *object = json_pack("{s:s,s:s,s:s,s:s,s:b,s:b,s:f,s:f,s:f,s:f}", "subject",
					   p->subject, "problem", p->problem, "way", ways[p->way],
					   "verdict", verdict(p), "biased", p->biased, "failed",
					   p->failed, "gradient", p->size, "off", p->off, "limit",
					   p->allowed, "paths", p->paths);
		if (object && isfinite(p->variance))
			json_object_set_new(object, "variance", json_real(p->variance));
		if (object && p->way == LAB_SAMPLED) {
			json_object_set_new(object, "t", json_real(p->t));
			json_object_set_new(object, "t_limit", json_real(p->limit));
		}
		char *line = object ? json_dumps(object, JSON_COMPACT) : NULL;
		puts(line ? line : "null");
		free(line);
		json_decref(object);
		return;
	}
	if (style->quiet && !p->failed)
		return;
	if (!style->begun)
		printf("%-25s %-64s %-8s %9s %9s %9s %10s\n", "subject", "problem", "way", "paths",
		       "off", "limit", "variance");
	style->begun = 1;
	if (isfinite(p->variance))
		snprintf(variance, sizeof variance, "%.4g", p->variance);
	printf("%-25s %-64s %-8s %9.3g %9.2g %9.2g %10s  %s\n", p->subject, p->problem,
	       ways[p->way], p->paths, p->off / size, p->allowed / size, variance, verdict(p));
}

static int count_false_alarms(const lab_plan *plan, size_t count, int json)
{
	const char *name = plan->name_count ? plan->names[0] : "firings";
	size_t alarms = 0;
	bern_error e;
	int32_t rc = lab_false_alarms(name, plan->seed, count, 2000, plan->alpha, &alarms, &e);
	if (rc)
		return report_error("lab prove", &e);
	/* five standard errors of a binomial count above what is promised */
	double promised = plan->alpha * (double)count, most = promised + 5.0 * sqrt(promised + 1.0);
	if (json)
		printf("{\"estimator\":\"%s\",\"proofs\":%zu,\"alarms\":%zu,\"promised\":%g,"
		       "\"most\":%g}\n",
		       name, count, alarms, promised, most);
	else
		printf("%zu false alarms in %zu sampled proofs of %s; promised: %g, and more than "
		       "%.0f would be too many\n",
		       alarms, count, name, promised, most);
	return (double)alarms > most ? EXIT_NOT_REACHED : EXIT_OK;
}

static int prove(lab_plan *plan, printer *style)
{
	lab_outcome outcome;
	bern_error e;
	plan->row = print_proof;
	plan->user = style;
	int32_t rc = lab_prove(plan, &outcome, &e);
	if (rc)
		return report_error("lab prove", &e);
	if (!style->json)
		printf("%zu proofs, %zu failed; %zu of %zu controls found out\n", outcome.proofs,
		       outcome.failed, outcome.rejected, outcome.controls);
	return outcome.failed ? EXIT_NOT_REACHED : EXIT_OK;
}

static int32_t take_flag(lab_plan *plan, printer *style, size_t *alarms, const arg_reader *args,
			 int *wants_help, bern_error *e)
{
	static const bern_param bits = {"--max-bits", "", BERN_INT,      0,
					"14",         1,  LAB_MOST_BITS, NULL};
	static const bern_param samples = {"--samples", "", BERN_INT, 0, "1", 1e4, 1e9, NULL};
	static const bern_param alpha = {"--alpha", "", BERN_REAL, 0, "1", 1e-9, 0.1, NULL};
	static const bern_param bias = {"--bias", "", BERN_REAL, 0, "1", 1e-4, 1, NULL};
	static const bern_param count = {"--false-alarms", "", BERN_INT, 0, "1", 1, 1e6, NULL};
	bern_value value = {0};
	int32_t rc = 0;
	switch (args->index) {
	case FLAG_SEED:
		rc = parse_seed("--seed", args->text, &plan->seed, e);
		break;
	case FLAG_MAX_BITS:
		rc = bern_param_parse(&bits, args->text, &value, e);
		if (rc && atoi(args->text) > LAB_MOST_BITS)
			rc = bern_fail(e, BERN_EUSAGE,
				       "--max-bits: enumerating every firing of %.20s bits would "
				       "take 2^%.20s passes; allowed: 1 to %d",
				       args->text, args->text, LAB_MOST_BITS);
		plan->max_bits = (size_t)value.i;
		break;
	case FLAG_SAMPLES:
		rc = bern_param_parse(&samples, args->text, &value, e);
		plan->samples = (size_t)value.i;
		break;
	case FLAG_ALPHA:
		rc = bern_param_parse(&alpha, args->text, &value, e);
		plan->alpha = value.r;
		break;
	case FLAG_BIAS:
		rc = bern_param_parse(&bias, args->text, &value, e);
		plan->bias = value.r;
		break;
	case FLAG_FALSE_ALARMS:
		rc = bern_param_parse(&count, args->text, &value, e);
		*alarms = (size_t)value.i;
		break;
	case FLAG_JSON:
		style->json = 1;
		break;
	case FLAG_QUIET:
		style->quiet = 1;
		break;
	case FLAG_VERBOSE:
		break;
	default:
		*wants_help = 1;
	}
	return rc;
}

int lab_prove_all(const char *program, int argc, char **argv)
{
	(void)program;
	arg_reader args = {argc, argv, flags, sizeof flags / sizeof flags[0], .at = 0};
	const char **names = calloc((size_t)argc + 1, sizeof *names);
	lab_plan plan = {.seed = 1,
			 .max_bits = 14,
			 .alpha = 1e-5,
			 .power = 0.9,
			 .bias = 0.05,
			 .samples = 400000,
			 .names = names};
	printer style = {0};
	size_t alarms = 0;
	int wants_help = 0, status = EXIT_OK;
	bern_error e;
	int32_t rc = names ? 0 : bern_fail(&e, BERN_EMEMORY, "memory is out");
	while (rc == 0 && !wants_help && (rc = arg_next(&args, &e)) == 0 && args.kind != ARG_END) {
		if (args.kind == ARG_WORD)
			names[plan.name_count++] = args.text;
		else
			rc = take_flag(&plan, &style, &alarms, &args, &wants_help, &e);
	}
	if (rc == 0 && wants_help)
		help_print(stdout, &lab_prove_help);
	else if (rc == 0 && alarms)
		status = count_false_alarms(&plan, alarms, style.json);
	else if (rc == 0)
		status = prove(&plan, &style);
	free(names);
	return rc ? report_error("lab prove", &e) : status;
}
