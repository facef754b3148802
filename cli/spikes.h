/* cli/spikes.h: every firing of an evaluation, for people who analyse spike trains.
 *
 * A recording looks on while episodes are played (evaluate.h) and keeps a row for each environment step: which episode, which step
 * of it, the action, the reward, how it ended, and the bits of chosen layers. The policy is played with one firing, the one that
 * acted. All rows are in memory until they are written, as NPZ:
 *
 *   episode, t            (T) uint32, both from 0
 *   action                (T) or (T, components) int32; float32 of a BOX
 *   reward                (T) float64, of the step that followed
 *   terminated, truncated (T) uint8
 *   layer1, layer2, ...   (T, units) uint8: h, 1 where the neuron fired
 *   input                 (T, inputs) float32, on request: what the first layer heard
 *   seed                  (1) uint64; episode i has the environment seed + i
 *   step_seconds          (1) float64: real time of a step; NaN where the environment knows none
 */
#ifndef BERN_CLI_SPIKES_H
#define BERN_CLI_SPIKES_H

#include <bern/agent.h>
#include <evaluate.h>
#include <stdio.h>

typedef struct spikes spikes;

/* Makes a recording of an agent that is played in `mode`. layers: "1,3", counted from the input; NULL: every one that fires.
 * path stands in errors and is written by spikes_write. BERN_EUSAGE if nothing fires, or a layer that was asked for is not there or
 * does not fire. Agent, world and path are borrowed. */
int32_t spikes_create(spikes **out, bern_agent *agent, const bern_world *world, int32_t mode,
		      const char *layers, int inputs, const char *path, bern_error *e);
void spikes_destroy(spikes *s);

/* What bern_evaluate_watched calls; good while the recording lives. */
bern_eval_watcher spikes_watcher(spikes *s);

/* Writes all rows, whole or not at all. */
int32_t spikes_write(spikes *s, uint64_t seed, bern_error *e);

/* "17500 steps; layer 1: 64 units, 11.2% fired; layer 2: ...", to out. Returns out. */
char *spikes_tell(const spikes *s, char *out, size_t size);
uint64_t spikes_steps(const spikes *s);

#endif
