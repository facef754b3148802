#include "tfevents.h"

#include <math.h>
#include <string.h>

/* Field numbers of event.proto and summary.proto. */
enum { EVENT_WALL_TIME = 1, EVENT_STEP, EVENT_FILE_VERSION, EVENT_SUMMARY = 5, EVENT_SESSION = 7 };
enum { SUMMARY_VALUE = 1, VALUE_TAG = 1, VALUE_SIMPLE = 2, VALUE_HISTOGRAM = 5 };
enum { HISTOGRAM_MIN = 1, HISTOGRAM_LIMITS = 6, HISTOGRAM_COUNTS = 7 };
enum { SESSION_STATUS = 1, SESSION_START = 1 };
enum { WIRE_VARINT, WIRE_64, WIRE_BYTES, WIRE_32 = 5 };

#define RECORD_HEAD 12 /* length and its checksum */
#define TAG_MOST    200

/* Bytes of a message as they come. */
typedef struct message {
	unsigned char *at;
	size_t size;
} message;

uint32_t tfevents_crc(const unsigned char *bytes, size_t size)
{
	uint32_t crc = 0xffffffff;
	for (size_t i = 0; i < size; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
	}
	return ~crc;
}

static void put_little(unsigned char *out, uint64_t x, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		out[i] = (unsigned char)(x >> 8 * i);
}

static void add_fixed(message *m, uint64_t x, size_t bytes)
{
	put_little(m->at + m->size, x, bytes);
	m->size += bytes;
}

static void add_varint(message *m, uint64_t x)
{
	for (; x >= 0x80; x >>= 7)
		m->at[m->size++] = (unsigned char)(x | 0x80);
	m->at[m->size++] = (unsigned char)x;
}

static void add_key(message *m, unsigned field, unsigned wire)
{
	add_varint(m, field << 3 | wire);
}

static void add_raw_double(message *m, double x)
{
	uint64_t bits;
	memcpy(&bits, &x, sizeof bits);
	add_fixed(m, bits, 8);
}

static void add_double(message *m, unsigned field, double x)
{
	add_key(m, field, WIRE_64);
	add_raw_double(m, x);
}

static void add_bytes(message *m, unsigned field, const void *bytes, size_t size)
{
	add_key(m, field, WIRE_BYTES);
	add_varint(m, size);
	memcpy(m->at + m->size, bytes, size);
	m->size += size;
}

static void put_checksum(unsigned char *out, const unsigned char *bytes, size_t size)
{
	uint32_t crc = tfevents_crc(bytes, size);
	put_little(out, (crc >> 15 | crc << 17) + 0xa282ead8u, 4);
}

/* An event begins behind the room for the record's head. */
static message begin(unsigned char *out, double wall_time, uint64_t step)
{
	message m = {out + RECORD_HEAD, 0};
	add_double(&m, EVENT_WALL_TIME, wall_time);
	if (step) {
		add_key(&m, EVENT_STEP, WIRE_VARINT);
		add_varint(&m, step);
	}
	return m;
}

static size_t end(unsigned char *out, message m)
{
	put_little(out, m.size, 8);
	put_checksum(out + 8, out, 8);
	put_checksum(out + RECORD_HEAD + m.size, out + RECORD_HEAD, m.size);
	return RECORD_HEAD + m.size + 4;
}

size_t tfevents_version(unsigned char *out, double wall_time)
{
	static const char version[] = "brain.Event:2";
	message m = begin(out, wall_time, 0);
	add_bytes(&m, EVENT_FILE_VERSION, version, sizeof version - 1);
	return end(out, m);
}

size_t tfevents_restart(unsigned char *out, double wall_time, uint64_t step)
{
	static const unsigned char start[] = {SESSION_STATUS << 3 | WIRE_VARINT, SESSION_START};
	message m = begin(out, wall_time, step);
	add_bytes(&m, EVENT_SESSION, start, sizeof start);
	return end(out, m);
}

/* A summary of one value, of which `value` is all but the tag. */
static size_t summary(unsigned char *out, double wall_time, uint64_t step, const char *tag,
		      const message *value)
{
	unsigned char one[TFEVENTS_ROOM], all[TFEVENTS_ROOM];
	message v = {one, 0}, s = {all, 0}, m = begin(out, wall_time, step);
	size_t length = strlen(tag);
	add_bytes(&v, VALUE_TAG, tag, length < TAG_MOST ? length : TAG_MOST);
	memcpy(v.at + v.size, value->at, value->size);
	v.size += value->size;
	add_bytes(&s, SUMMARY_VALUE, v.at, v.size);
	add_bytes(&m, EVENT_SUMMARY, s.at, s.size);
	return end(out, m);
}

size_t tfevents_scalar(unsigned char *out, double wall_time, uint64_t step, const char *tag,
		       float value)
{
	unsigned char bytes[16];
	message v = {bytes, 0};
	uint32_t bits;
	memcpy(&bits, &value, sizeof bits);
	add_key(&v, VALUE_SIMPLE, WIRE_32);
	add_fixed(&v, bits, 4);
	return summary(out, wall_time, step, tag, &v);
}

void tfevents_measure(tfevents_histogram *histogram, double x)
{
	if (!isfinite(x))
		return;
	if (histogram->count == 0 || x < histogram->minimum)
		histogram->minimum = x;
	if (histogram->count == 0 || x > histogram->maximum)
		histogram->maximum = x;
	histogram->sum += x;
	histogram->squares += x * x;
	histogram->count++;
}

void tfevents_fill(tfevents_histogram *histogram, double x)
{
	double width = histogram->maximum - histogram->minimum;
	if (!isfinite(x))
		return;
	double part = width > 0 ? (x - histogram->minimum) / width * TFEVENTS_BUCKETS : 0;
	size_t i = part > 0 ? (size_t)part : 0;
	histogram->bucket[i < TFEVENTS_BUCKETS ? i : TFEVENTS_BUCKETS - 1] += 1;
}

size_t tfevents_histogram_record(unsigned char *out, double wall_time, uint64_t step,
				 const char *tag, const tfevents_histogram *histogram)
{
	unsigned char bytes[TFEVENTS_ROOM], inner[TFEVENTS_ROOM];
	message v = {bytes, 0}, h = {inner, 0};
	const double head[] = {histogram->minimum, histogram->maximum, (double)histogram->count,
			       histogram->sum, histogram->squares};
	double width = histogram->maximum - histogram->minimum;
	for (unsigned i = 0; i < sizeof head / sizeof *head; i++)
		add_double(&h, HISTOGRAM_MIN + i, head[i]);
	/* packed: a bucket holds what is below its limit; the last limit is above the largest number */
	add_key(&h, HISTOGRAM_LIMITS, WIRE_BYTES);
	add_varint(&h, TFEVENTS_BUCKETS * 8);
	for (int i = 1; i <= TFEVENTS_BUCKETS; i++)
		add_raw_double(&h, i < TFEVENTS_BUCKETS
					   ? histogram->minimum + width * i / TFEVENTS_BUCKETS
					   : nextafter(histogram->maximum, INFINITY));
	add_key(&h, HISTOGRAM_COUNTS, WIRE_BYTES);
	add_varint(&h, TFEVENTS_BUCKETS * 8);
	for (int i = 0; i < TFEVENTS_BUCKETS; i++)
		add_raw_double(&h, histogram->bucket[i]);
	add_bytes(&v, VALUE_HISTOGRAM, h.at, h.size);
	return summary(out, wall_time, step, tag, &v);
}
