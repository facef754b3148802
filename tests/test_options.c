/* The option table of agents and the list of their kinds: complete, consistent, exact in both directions. */
#include <bern/agent.h>

#include <check.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const bern_option *option_of(const char *key)
{
	for (size_t i = 0; i < bern_agent_option_count; i++)
		if (strcmp(bern_agent_options[i].param.key, key) == 0)
			return &bern_agent_options[i];
	ck_abort_msg("there is no option %s", key);
	return NULL;
}

static const char *get(const bern_agent_config *config, const char *key)
{
	static char text[BERN_LIST_TEXT];
	bern_option_get(option_of(key), config, text, sizeof text);
	return text;
}

static size_t field_size(const bern_option *option)
{
	return option->param.type == BERN_TEXT ? BERN_LIST_TEXT : 8;
}

START_TEST(every_byte_of_the_config_belongs_to_one_option)
{
	unsigned char owner[sizeof(bern_agent_config)] = {0};
	for (size_t i = 0; i < bern_agent_option_count; i++)
		for (size_t k = 0; k < field_size(&bern_agent_options[i]); k++)
			owner[bern_agent_options[i].offset + k]++;
	for (size_t k = 0; k < 8; k++)
		owner[offsetof(bern_agent_config, total_timesteps) + k]++;
	for (size_t k = 0; k < sizeof(void *);
	     k++) /* no option: what a run is given by its program */
		owner[offsetof(bern_agent_config, ranks) + k]++;
	for (size_t k = 0; k < sizeof owner; k++)
		ck_assert_msg(owner[k] == 1, "byte %zu belongs to %d options", k, owner[k]);
}
END_TEST

START_TEST(the_table_can_be_shown_and_typed)
{
	for (size_t i = 0; i < bern_agent_option_count; i++) {
		const bern_option *o = &bern_agent_options[i];
		const char *key = o->param.key;
		ck_assert_msg(strspn(key, "abcdefghijklmnopqrstuvwxyz_0123456789") == strlen(key),
			      "%s", key);
		ck_assert_msg(strlen(o->param.help) >= 10 && strlen(o->param.help) <= 90 &&
				      !strchr(o->param.help, '\n'),
			      "%s: help of %zu characters", key, strlen(o->param.help));
		ck_assert_ptr_nonnull(o->group);
		for (size_t other = 0; other < i; other++)
			ck_assert_str_ne(bern_agent_options[other].param.key, key);
		/* the options of a group stand together */
		if (i && strcmp(o->group, bern_agent_options[i - 1].group) != 0)
			for (size_t other = 0; other < i; other++)
				ck_assert_str_ne(bern_agent_options[other].group, o->group);
	}
}
END_TEST

START_TEST(defaults_are_those_of_the_reference)
{
	static const char *const expected[][2] = {
		{"agent", "reinforce"},
		{"hidden", "64"},
		{"units", "binary"},
		{"head", "auto"},
		{"estimator", "auto"},
		{"firings", "16"},
		{"temperature", "1"},
		{"firing_floor", "0"},
		{"init_latch", "6"},
		{"recurrent", "false"},
		{"stack", "1"},
		{"init_first", "1"},
		{"init_later", "0"},
		{"init_deviation", "1"},
		{"gate_target", "0.1"},
		{"gate_penalty", "0.1"},
		{"observation_scale", "1"},
		{"normalize_observations", "false"},
		{"baseline", "mlp"},
		{"value_hidden", "32"},
		{"value_passes", "2"},
		{"value_learning_rate", "0.02"},
		{"value_weighting", "none"},
		{"value_init", "1"},
		{"num_envs", "1"},
		{"num_steps", "8"},
		{"threads", "1"},
		{"gamma", "0.99"},
		{"gae_lambda", "0.9"},
		{"learning_rate", "0.02"},
		{"schedule", "constant"},
		{"optimizer", "adam"},
		{"momentum", "0.9"},
		{"decay", "0.999"},
		{"optimizer_epsilon", "1e-08"},
		{"fan_in_scaling", "true"},
		{"binary_rate", "4"},
		{"centring", "true"},
		{"max_grad_norm", "0"},
		{"entropy_coef", "0"},
		{"entropy_schedule", "constant"},
		{"advantage_scale", "batch"},
		{"keep_discount", "false"},
		{"whole_episodes", "false"},
		{"rollouts", "2"},
		{"sweeps", "1"},
		{"perturbation", "0.1"},
		{"epochs", "1"},
		{"minibatches", "1"},
		{"replay", "0"},
		{"replay_ratio", "0"},
		{"clip_range", "0"},
		{"traces", "false"},
		{"signal_delay", "0"},
		{"signal_noise", "0"},
		{"signal_sign", "false"},
		{"step_size", "0.1"},
		{"epsilon", "0.1"},
		{"ucb_c", "2"},
		{"initial_value", "0"},
		{"gradient_baseline", "true"},
		{"forget", "false"},
	};
	bern_agent_config config;
	memset(&config, 0x5a, sizeof config);
	bern_agent_config_defaults(&config);
	ck_assert_uint_eq(bern_agent_option_count, sizeof expected / sizeof expected[0]);
	for (size_t i = 0; i < bern_agent_option_count; i++)
		ck_assert_str_eq(get(&config, expected[i][0]), expected[i][1]);
	ck_assert_uint_eq(config.total_timesteps, 0);
	/* two configs of the same values are the same bytes */
	bern_agent_config other;
	memset(&other, 0xa5, sizeof other);
	bern_agent_config_defaults(&other);
	ck_assert_mem_eq(&config, &other, sizeof config);
}
END_TEST

START_TEST(choices_are_the_numbers_of_the_header)
{
	static const struct {
		const char *key, *text;
		int64_t value;
	} choices[] = {{"head", "auto", BERN_HEAD_AUTO},
		       {"head", "softmax", BERN_HEAD_SOFTMAX},
		       {"head", "bernoulli", BERN_HEAD_BERNOULLI},
		       {"baseline", "none", BERN_BASELINE_NONE},
		       {"baseline", "mean", BERN_BASELINE_MEAN},
		       {"baseline", "unit", BERN_BASELINE_UNIT},
		       {"baseline", "linear", BERN_BASELINE_LINEAR},
		       {"baseline", "mlp", BERN_BASELINE_MLP},
		       {"optimizer", "sgd", BERN_SGD},
		       {"optimizer", "rmsprop", BERN_RMSPROP},
		       {"optimizer", "adam", BERN_ADAM},
		       {"schedule", "constant", BERN_CONSTANT},
		       {"schedule", "linear", BERN_LINEAR},
		       {"schedule", "cosine", BERN_COSINE},
		       {"entropy_schedule", "constant", BERN_CONSTANT},
		       {"entropy_schedule", "linear", BERN_LINEAR},
		       {"entropy_schedule", "cosine", BERN_COSINE},
		       {"advantage_scale", "none", BERN_SCALE_NONE},
		       {"advantage_scale", "batch", BERN_SCALE_BATCH},
		       {"advantage_scale", "running", BERN_SCALE_RUNNING}};
	bern_agent_config config;
	bern_error e;
	bern_agent_config_defaults(&config);
	for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++) {
		int64_t value;
		ck_assert_int_eq(
			bern_agent_config_set(&config, choices[i].key, choices[i].text, &e), 0);
		memcpy(&value, (char *)&config + option_of(choices[i].key)->offset, sizeof value);
		ck_assert_msg(value == choices[i].value, "%s %s", choices[i].key, choices[i].text);
		ck_assert_str_eq(get(&config, choices[i].key), choices[i].text);
	}
}
END_TEST

static uint64_t draw(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

START_TEST(any_real_is_written_so_that_it_reads_back_the_same)
{
	bern_agent_config config, again;
	bern_error e;
	uint64_t x = 88172645463325252u + (uint64_t)_i;
	const bern_option *option = option_of("initial_value");
	bern_agent_config_defaults(&config);
	bern_agent_config_defaults(&again);
	for (int n = 0; n < 20000; n++) {
		char text[64];
		double value, back;
		/* bits at random, round decimals, neighbours of round decimals */
		if (n % 3 == 0) {
			uint64_t bits = draw(&x);
			memcpy(&value, &bits, sizeof value);
		} else {
			value = (double)(draw(&x) % 100000) / 1000;
			if (n % 3 == 1)
				value = nextafter(value, 1e9);
		}
		if (!(fabs(value) <= 1e9))
			continue;
		config.initial_value = value;
		bern_option_get(option, &config, text, sizeof text);
		ck_assert_msg(bern_option_set(option, &again, text, &e) == 0, "%s", e.text);
		back = again.initial_value;
		ck_assert_msg(memcmp(&back, &value, sizeof back) == 0, "%a became %a by %s", value,
			      back, text);
		/* a round decimal is written as a user would */
		if (n % 3 == 2) {
			char shortest[64];
			snprintf(shortest, sizeof shortest, "%g", value);
			if (strtod(shortest, NULL) == value)
				ck_assert_str_eq(text, shortest);
		}
	}
}
END_TEST

START_TEST(the_locale_of_the_program_changes_nothing)
{
	/* a comma for the decimal point, where the machine has such a locale */
	const char *const locales[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE.utf8", "C.UTF-8", "C"};
	bern_agent_config config;
	bern_agent_config_defaults(&config);
	for (size_t i = 0; i < sizeof locales / sizeof locales[0]; i++)
		if (setlocale(LC_ALL, locales[i]))
			break;
	const char *text = get(&config, "gamma");
	setlocale(LC_ALL, "C");
	ck_assert_str_eq(text, "0.99");
}
END_TEST

START_TEST(every_option_reads_back_at_the_ends_of_its_range)
{
	bern_error e;
	for (size_t i = 0; i < bern_agent_option_count; i++) {
		const bern_option *o = &bern_agent_options[i];
		for (int end = 0; end < 2; end++) {
			bern_agent_config a, b;
			char text[BERN_LIST_TEXT + 2] = {0}, back[BERN_LIST_TEXT + 2];
			if (o->param.type == BERN_TEXT)
				memset(text, 'x', (size_t)(end ? o->param.max : o->param.min));
			else if (o->param.type == BERN_BOOL)
				strcpy(text, end ? "true" : "false");
			else if (o->param.type == BERN_CHOICE)
				strcpy(text, o->param.choices[end]);
			else
				snprintf(text, sizeof text, "%.17g",
					 end ? o->param.max : o->param.min);
			bern_agent_config_defaults(&a);
			bern_agent_config_defaults(&b);
			ck_assert_msg(bern_option_set(o, &a, text, &e) == 0, "%s", e.text);
			bern_option_get(o, &a, back, sizeof back);
			ck_assert_int_eq(bern_option_set(o, &b, back, &e), 0);
			ck_assert_mem_eq(&a, &b, sizeof a);
		}
	}
}
END_TEST

static const struct {
	const char *key, *text, *says;
} refusals[] = {
	{"learning_rat", "1", "did you mean learning_rate?"},
	{"lr", "0.1", "lr: there is no such option"},
	{"", "1", "there is no such option"},
	{"gamma", "1.01", "gamma: 1.01 is outside [0, 1]"},
	{"gamma", "-0.01", "outside [0, 1]"},
	{"gamma", "nan", "gamma: \"nan\" is not a number"},
	{"gamma", "", "gamma"},
	{"momentum", "1", "momentum: 1 is outside [0, 0.9999]"},
	{"decay", "1", "decay: 1 is outside [0, 0.99999]"},
	{"optimizer_epsilon", "0", "outside [1e-20, 1]"},
	{"learning_rate", "1e400", "learning_rate: 1e400"},
	{"learning_rate", "0.1x", "learning_rate: \"0.1x\" is not a number"},
	{"learning_rate", "inf", "learning_rate: \"inf\" is not a number"},
	{"firings", "0", "firings: 0 is outside [1, 4096]"},
	{"firings", "2.5", "firings: \"2.5\" is not a whole number"},
	{"firings", "ten", "firings: \"ten\" is not a whole number"},
	{"firings", "18446744073709551617", "firings: 18446744073709551617"},
	{"num_envs", "-1", "num_envs: -1 is outside [1, 1048576]"},
	{"head", "2", "head: \"2\" is not one of auto, softmax, bernoulli"},
	{"fan_in_scaling", "maybe", "fan_in_scaling: \"maybe\" is neither true nor false"},
	{"hidden", "", "hidden"},
};

START_TEST(a_bad_value_is_refused_in_words_and_changes_nothing)
{
	bern_agent_config config, before;
	bern_error e;
	bern_agent_config_defaults(&config);
	before = config;
	ck_assert_int_eq(bern_agent_config_set(&config, refusals[_i].key, refusals[_i].text, &e),
			 BERN_EUSAGE);
	ck_assert_msg(strstr(e.text, refusals[_i].says) != NULL, "%s", e.text);
	ck_assert_mem_eq(&config, &before, sizeof config);
}
END_TEST

START_TEST(text_longer_than_its_field_is_refused)
{
	bern_agent_config config;
	bern_error e;
	char text[BERN_LIST_TEXT + 1];
	memset(text, '6', sizeof text);
	text[BERN_LIST_TEXT] = '\0';
	bern_agent_config_defaults(&config);
	ck_assert_int_eq(bern_agent_config_set(&config, "hidden", text, &e), BERN_EUSAGE);
	ck_assert_str_eq(config.hidden, "64");
	/* also where a table allows more than the field holds */
	bern_option loose = *option_of("hidden");
	loose.param.max = 10000;
	ck_assert_int_eq(bern_option_set(&loose, &config, text, &e), BERN_EUSAGE);
	ck_assert_str_eq(e.text, "hidden: 256 characters are too many, 255 are allowed");
	text[BERN_LIST_TEXT - 1] = '\0';
	ck_assert_int_eq(bern_option_set(&loose, &config, text, &e), 0);
	ck_assert_str_eq(config.hidden, text);
}
END_TEST

/* ---- kinds ------------------------------------------------------------------------------------------- */

START_TEST(kinds_are_sorted_and_complete)
{
	ck_assert_uint_gt(bern_agent_kind_count, 0);
	for (size_t i = 0; i < bern_agent_kind_count; i++) {
		const bern_agent_kind *k = bern_agent_kinds[i];
		ck_assert_ptr_nonnull(k);
		if (i)
			ck_assert_msg(strcmp(bern_agent_kinds[i - 1]->name, k->name) < 0,
				      "%s stands before %s", bern_agent_kinds[i - 1]->name,
				      k->name);
		ck_assert_msg(k->summary && *k->summary && k->source && *k->source && k->create &&
				      k->destroy && k->learn && k->act && k->stats &&
				      k->policy_tensors && k->learner_tensors,
			      "%s lacks something", k->name);
	}
}
END_TEST

START_TEST(an_unknown_kind_is_refused_with_a_suggestion)
{
	bern_agent_config config;
	bern_error e;
	bern_world nowhere = {0};
	bern_agent *agent = (bern_agent *)&config;
	char want[512];
	bern_agent_config_defaults(&config);
	/* the name of the first kind with its last letter missing */
	const char *name = bern_agent_kinds[0]->name;
	snprintf(config.agent, sizeof config.agent, "%.*s", (int)strlen(name) - 1, name);
	snprintf(want, sizeof want,
		 "agent: there is no kind \"%s\"; allowed: ase-ace, epsilon-greedy, "
		 "gradient-bandit, q-learning, reinforce, sarsa, thompson, ucb, did you mean %s?",
		 config.agent, name);
	ck_assert_int_eq(bern_agent_create(&agent, &config, &nowhere, 1, &e), BERN_EUSAGE);
	ck_assert_str_eq(e.text, want);
	ck_assert_ptr_null(agent);
	bern_agent_destroy(NULL);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("options");
	TCase *t = tcase_create("table");
	tcase_add_test(t, every_byte_of_the_config_belongs_to_one_option);
	tcase_add_test(t, the_table_can_be_shown_and_typed);
	tcase_add_test(t, defaults_are_those_of_the_reference);
	tcase_add_test(t, choices_are_the_numbers_of_the_header);
	suite_add_tcase(s, t);
	t = tcase_create("values");
	tcase_add_loop_test(t, any_real_is_written_so_that_it_reads_back_the_same, 0, 3);
	tcase_add_test(t, the_locale_of_the_program_changes_nothing);
	tcase_add_test(t, every_option_reads_back_at_the_ends_of_its_range);
	tcase_add_loop_test(t, a_bad_value_is_refused_in_words_and_changes_nothing, 0,
			    sizeof refusals / sizeof refusals[0]);
	tcase_add_test(t, text_longer_than_its_field_is_refused);
	suite_add_tcase(s, t);
	t = tcase_create("kinds");
	tcase_add_test(t, kinds_are_sorted_and_complete);
	tcase_add_test(t, an_unknown_kind_is_refused_with_a_suggestion);
	suite_add_tcase(s, t);
	return s;
}

#include "check_main.h"
