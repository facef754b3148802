/* The plugin header as C++17 sees it: a coin to be guessed, twice. */
#include <bern/env.h>
#include <bern/math.h>
#include <bern/rng.h>

#include <cstddef>
#include <cstdint>

namespace
{

struct state {
	std::int32_t coin, tosses;
};

const std::int32_t two[] = {2};

std::int32_t open(const bern_value *, bern_instance *out, char *, std::size_t)
{
	out->state_size = sizeof(state);
	out->observation.kind = out->action.kind = BERN_DISCRETE;
	out->observation.count = out->action.count = 1;
	out->observation.sizes = out->action.sizes = two;
	return 0;
}

void reset(const void *, void *block, bern_rng *rng)
{
	state *s = static_cast<state *>(block);
	s->coin = static_cast<std::int32_t>(bern_rng_below(rng, 2));
	s->tosses = 0;
}

void step(const void *, void *block, bern_rng *rng, const void *action, bern_outcome *out)
{
	state *s = static_cast<state *>(block);
	out->reward = *static_cast<const std::int32_t *>(action) == s->coin;
	s->coin = static_cast<std::int32_t>(bern_rng_below(rng, 2));
	if (++s->tosses == 2)
		out->flags = BERN_TERMINATED;
}

void observe(const void *, const void *block, void *observation)
{
	*static_cast<std::int32_t *>(observation) = static_cast<const state *>(block)->coin;
}

/* no designated initialisers before C++20 */
bern_env make()
{
	bern_env env = {};
	env.abi = BERN_ENV_ABI;
	env.struct_size = sizeof env;
	env.id = "test/Coin-v0";
	env.summary = "Say what you see";
	env.open = open;
	env.reset = reset;
	env.step = step;
	env.observe = observe;
	return env;
}

} // namespace

extern "C" BERN_EXPORT const bern_plugin *bern_plugin_1(void)
{
	static const bern_env coin = make();
	static const bern_env *const envs[] = {&coin};
	static const bern_plugin plugin = {BERN_ENV_ABI, 1, envs};
	return &plugin;
}
