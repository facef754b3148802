/* cli/record_sink.h: where the frames of a recording go. */
#ifndef BERN_CLI_RECORD_SINK_H
#define BERN_CLI_RECORD_SINK_H

#include "module.h"

#include <stdio.h>
#include <sys/types.h>

enum record_kind { RECORD_GIF, RECORD_MP4, RECORD_FRAMES };

typedef struct record_sink {
	const bern_pictures *pictures;
	const char *path; /* borrowed */
	int32_t kind;
	double fps;
	uint32_t width, height;
	uint64_t count;  /* of frames */
	bern_gif *gif;   /* owned */
	char *temporary; /* owned: what ffmpeg writes */
	FILE *complaint; /* owned: what ffmpeg says */
	int pipe;        /* to ffmpeg; -1: none */
	pid_t child;     /* 0: none */
} record_sink;

/* The kind by the path's ending; of frames, that there is exactly one number in the name. */
int32_t record_kind_of(const char *label, const char *path, int32_t *kind, bern_error *e);

/* The path of a frame: "frames/%05d.png" with its number. */
int32_t record_frame_path(const char *pattern, uint64_t number, char *out, size_t size,
			  bern_error *e);

/* Begins; record_sink_finish must follow, also after an error. */
int32_t record_sink_begin(record_sink *sink, const bern_pictures *pictures, const char *path,
			  double fps, uint32_t width, uint32_t height, bern_error *e);
int32_t record_sink_frame(record_sink *sink, bern_picture *picture, bern_error *e);
/* keep: writes the file; else nothing of a GIF or MP4 stays. */
int32_t record_sink_finish(record_sink *sink, int keep, bern_error *e);

#endif
