/* Any bytes as a configuration: no crash, no leak; what is refused is refused in words that begin with the file's name, and what
 * is taken has every option in its range. */
#include "config.h"
#include "options.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void expect(int true_)
{
	if (!true_)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	run_config config;
	bern_error e = {0};
	char text[BERN_LIST_TEXT + 64];
	if (run_config_parse(&config, "a.yaml", (const char *)bytes, size, &e) != BERN_OK) {
		expect(e.code == BERN_EFORMAT || e.code == BERN_EMEMORY);
		expect(!strncmp(e.text, "a.yaml:", 7));
		expect(config.settings == NULL && config.setting_count == 0);
		return 0;
	}
	expect(config.env_id[0] && memchr(config.env_id, 0, sizeof config.env_id) != NULL);
	for (size_t i = 0; i < train_option_count(); i++) {
		train_option_get(&config, i, text, sizeof text);
		expect(train_option_set(&config, i, "again", text, &e) == BERN_OK);
	}
	for (size_t i = 0; i < config.setting_count; i++)
		expect(config.settings[i].key && config.settings[i].text);
	run_config_finish(&config);
	return 0;
}
