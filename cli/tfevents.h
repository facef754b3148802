/* cli/tfevents.h: event files for TensorBoard.
 *
 * A file is records: length as u64le, masked crc32c of it, an Event message of protocol buffers, masked crc32c of that; mask(c) =
 * ((c >> 15) | (c << 17)) + 0xa282ead8. The first event names the version "brain.Event:2". What is encoded here is the part of
 * TensorFlow's event.proto and summary.proto that a log needs: scalars and histograms; tests/data/tfevents.proto lists it.
 * A record is written whole, so that TensorBoard can follow a training.
 */
#ifndef BERN_CLI_TFEVENTS_H
#define BERN_CLI_TFEVENTS_H

#include <stddef.h>
#include <stdint.h>

#define TFEVENTS_BUCKETS 30
#define TFEVENTS_ROOM    2048 /* a record takes less, with a tag of up to 200 bytes */

/* Numbers of a histogram: first all of them through tfevents_measure, then through tfevents_fill. Numbers that are not finite are
 * left out. Zero-initialise. */
typedef struct tfevents_histogram {
	double minimum, maximum, sum, squares;
	uint64_t count;
	double bucket[TFEVENTS_BUCKETS]; /* counts, over equal parts of minimum .. maximum */
} tfevents_histogram;

void tfevents_measure(tfevents_histogram *histogram, double x);
void tfevents_fill(tfevents_histogram *histogram, double x);

/* Each writes one record to out (TFEVENTS_ROOM) and returns its bytes. wall_time: seconds since 1970. */
size_t tfevents_version(unsigned char *out, double wall_time);
/* From this step on what earlier files of the folder hold does not count: a run goes on from a checkpoint. */
size_t tfevents_restart(unsigned char *out, double wall_time, uint64_t step);
size_t tfevents_scalar(unsigned char *out, double wall_time, uint64_t step, const char *tag,
		       float value);
size_t tfevents_histogram_record(unsigned char *out, double wall_time, uint64_t step,
				 const char *tag, const tfevents_histogram *histogram);

/* CRC-32C (Castagnoli), as in RFC 3720, B.4. */
uint32_t tfevents_crc(const unsigned char *bytes, size_t size);

#endif
