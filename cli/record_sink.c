#include "record_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- names ---------------------------------------------------------------------------------------------------- */

/* Finds the one "%d" or "%05d" of a pattern: where it begins and ends, and its width. 0 if there is none, or anything else. */
static int find_number(const char *pattern, const char **begin, const char **end, int *width)
{
	const char *at = strchr(pattern, '%');
	if (!at)
		return 0;
	*begin = at++;
	*width = 0;
	if (*at == '0')
		while (*at >= '0' && *at <= '9' && *width < 20)
			*width = 10 * *width + (*at++ - '0');
	if (*at != 'd' || *width > 19 || strchr(at, '%'))
		return 0;
	*end = at + 1;
	return 1;
}

int32_t record_kind_of(const char *label, const char *path, int32_t *kind, bern_error *e)
{
	const char *dot = strrchr(path, '.'), *slash = strrchr(path, '/'), *begin, *end;
	int width;
	if (dot && !strcasecmp(dot, ".gif")) {
		*kind = RECORD_GIF;
	} else if (dot && !strcasecmp(dot, ".mp4")) {
		*kind = RECORD_MP4;
	} else if (dot && !strcasecmp(dot, ".png")) {
		*kind = RECORD_FRAMES;
		if (!find_number(slash ? slash + 1 : path, &begin, &end, &width) ||
		    begin != strchr(path, '%'))
			return bern_fail(
				e, BERN_EUSAGE,
				"%s: '%.300s' names one picture; a file for each frame has one "
				"number in its name, as in frames/%%05d.png",
				label, path);
	} else {
		return bern_fail(e, BERN_EUSAGE,
				 "%s: '%.300s' is neither .gif, .mp4 nor frames/%%05d.png", label,
				 path);
	}
	return 0;
}

int32_t record_frame_path(const char *pattern, uint64_t number, char *out, size_t size,
			  bern_error *e)
{
	const char *begin = pattern, *end = pattern;
	int width = 0;
	find_number(pattern, &begin, &end, &width);
	int length = snprintf(out, size, "%.*s%0*" PRIu64 "%s", (int)(begin - pattern), pattern,
			      width, number, end);
	return length >= 0 && (size_t)length < size
		       ? 0
		       : bern_fail(e, BERN_EUSAGE, "%.100s: the name is too long", pattern);
}

/* ---- ffmpeg --------------------------------------------------------------------------------------------------- */

/* In the child: frames come from `from`, what it says goes to `complaint`. Returns only where the program could not be started. */
static void become_ffmpeg(const record_sink *s, int from, int complaint)
{
	char size[32], rate[32];
	const uint16_t one = 1;
	const char *format = *(const unsigned char *)&one ? "bgra" : "argb";
	int nothing = open("/dev/null", O_WRONLY);
	snprintf(size, sizeof size, "%ux%u", s->width, s->height);
	snprintf(rate, sizeof rate, "%.9g", s->fps);
	if (nothing < 0 || dup2(from, 0) < 0 || dup2(nothing, 1) < 0 || dup2(complaint, 2) < 0)
		return;
	/* H.264 in that form has even sides: a row or column of white is added */
	execlp("ffmpeg", "ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "error", "-y", "-f",
	       "rawvideo", "-pixel_format", format, "-video_size", size, "-framerate", rate, "-i",
	       "pipe:0", "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2:color=white", "-c:v", "libx264",
	       "-pix_fmt", "yuv420p", "-crf", "18", "-threads", "1", "-fflags", "+bitexact",
	       "-flags:v", "+bitexact", "-movflags", "+faststart", "-f", "mp4", s->temporary,
	       (char *)NULL);
}

static int32_t begin_mp4(record_sink *s, bern_error *e)
{
	/* beside the file, so that it can be renamed; an ending of its own is not needed */
	const char *slash = strrchr(s->path, '/');
	size_t folder = slash ? (size_t)(slash - s->path) + 1 : 0, size = folder + 40;
	int ends[2];
	s->temporary = malloc(size);
	s->complaint = tmpfile();
	if (!s->temporary || !s->complaint || pipe(ends) != 0)
		return bern_fail(e, BERN_EIO, "ffmpeg could not be started: %s", strerror(errno));
	snprintf(s->temporary, size, "%.*s.bern-%ld.mp4", (int)folder, s->path, (long)getpid());
	fflush(stdout);
	s->child = fork();
	if (s->child == 0) {
		close(ends[1]);
		signal(SIGPIPE, SIG_DFL);
		become_ffmpeg(s, ends[0], fileno(s->complaint));
		_exit(127);
	}
	close(ends[0]);
	if (s->child < 0) {
		s->child = 0;
		close(ends[1]);
		return bern_fail(e, BERN_EIO, "ffmpeg could not be started: %s", strerror(errno));
	}
	s->pipe = ends[1];
	fcntl(s->pipe, F_SETFD, FD_CLOEXEC);
	return 0;
}

/* Waits for ffmpeg's end; a sentence with what it said if that was no good one. */
static int32_t wait_for_ffmpeg(record_sink *s, bern_error *e)
{
	int status = 0;
	char line[300] = "";
	pid_t got;
	if (s->pipe >= 0)
		close(s->pipe);
	s->pipe = -1;
	if (!s->child)
		return 0;
	do
		got = waitpid(s->child, &status, 0);
	while (got < 0 && errno == EINTR);
	s->child = 0;
	if (got >= 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (got >= 0 && WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return bern_fail(
			e, BERN_EIO,
			"%.300s: there is no ffmpeg to write it (Debian: ffmpeg); record a .gif "
			"or frames/%%05d.png",
			s->path);
	rewind(s->complaint);
	if (!fgets(line, sizeof line, s->complaint))
		snprintf(line, sizeof line, "it ended with status %d", status);
	line[strcspn(line, "\n")] = '\0';
	return bern_fail(e, BERN_EIO, "%.300s: ffmpeg failed: %s", s->path, line);
}

static int32_t give_ffmpeg(record_sink *s, const uint32_t *pixels, bern_error *e)
{
	const char *from = (const char *)pixels;
	size_t left = (size_t)s->width * s->height * sizeof *pixels;
	while (left) {
		ssize_t wrote = write(s->pipe, from, left);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0) {
			int code = errno;
			int32_t rc = wait_for_ffmpeg(s, e);
			return rc ? rc
				  : bern_fail(e, BERN_EIO,
					      "%.300s: ffmpeg takes no more frames: %s", s->path,
					      strerror(code));
		}
		from += wrote;
		left -= (size_t)wrote;
	}
	return 0;
}

static int32_t finish_mp4(record_sink *s, int keep, bern_error *e)
{
	int32_t rc = wait_for_ffmpeg(s, e);
	if (!rc && keep && rename(s->temporary, s->path) != 0)
		rc = bern_fail(e, BERN_EIO, "%.300s cannot be written: %s", s->path,
			       strerror(errno));
	else if (!rc && keep)
		return 0;
	if (s->temporary)
		unlink(s->temporary);
	return rc;
}

/* ---- frames --------------------------------------------------------------------------------------------------- */

int32_t record_sink_begin(record_sink *s, const bern_pictures *pictures, const char *path,
			  double fps, uint32_t width, uint32_t height, bern_error *e)
{
	*s = (record_sink){.pictures = pictures,
			   .path = path,
			   .fps = fps,
			   .width = width,
			   .height = height,
			   .pipe = -1};
	int32_t rc = record_kind_of("--record", path, &s->kind, e);
	if (rc)
		return rc;
	if (s->kind == RECORD_MP4)
		return begin_mp4(s, e);
	if (s->kind == RECORD_FRAMES)
		return 0;
	if (!pictures->gif_create)
		return bern_fail(
			e, BERN_EIO,
			"this bern was built without the Meson feature `gif` (Debian: "
			"libgif-dev), so it writes no GIF; record an .mp4 or frames/%%05d.png");
	return pictures->gif_create(&s->gif, width, height, e);
}

int32_t record_sink_frame(record_sink *s, bern_picture *picture, bern_error *e)
{
	uint32_t width, height;
	const uint32_t *pixels = s->pictures->pixels(picture, &width, &height);
	int32_t rc;
	if (s->kind == RECORD_MP4) {
		rc = give_ffmpeg(s, pixels, e);
	} else if (s->kind == RECORD_GIF) {
		/* whole hundredths of a second that do not drift away from the true rate */
		double from = floor(100 * (double)s->count / s->fps + 0.5);
		double to = floor(100 * (double)(s->count + 1) / s->fps + 0.5);
		rc = s->pictures->gif_frame(s->gif, pixels, (uint32_t)(to - from), e);
	} else {
		char path[4096];
		rc = record_frame_path(s->path, s->count, path, sizeof path, e);
		if (!rc)
			rc = s->pictures->write(picture, path, e);
	}
	s->count += rc == 0;
	return rc;
}

int32_t record_sink_finish(record_sink *s, int keep, bern_error *e)
{
	bern_error unheard;
	int32_t rc = 0;
	/* what went wrong before is what is told */
	if (!keep)
		e = &unheard;
	if (s->kind == RECORD_MP4)
		rc = finish_mp4(s, keep, e);
	else if (s->gif && keep)
		rc = s->pictures->gif_write(s->gif, s->path, e);
	if (s->gif)
		s->pictures->gif_destroy(s->gif);
	if (s->complaint)
		fclose(s->complaint);
	free(s->temporary);
	*s = (record_sink){.pipe = -1};
	return rc;
}
