#include "progress.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Whether the user's locale writes UTF-8; the process's own locale stays "C". */
static int speaks_utf8(void)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	if (!locale)
		return 0;
	const char *codeset = nl_langinfo_l(CODESET, locale);
	int yes = strcmp(codeset, "UTF-8") == 0 || strcmp(codeset, "utf8") == 0;
	freelocale(locale);
	return yes;
}

static size_t terminal_width(FILE *out)
{
	struct winsize size;
	if (ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return 80;
}

void progress_start(progress *p, const output_style *style, FILE *out, const char *label,
		    uint64_t steps, uint64_t total, double seconds)
{
	*p = (progress){.label = label,
			.start = seconds,
			.drawn = -1,
			.first = steps,
			.total = total,
			.stride = 1};
	p->report_to = style->report_to;
	if (!style->progress || style->quiet)
		return;
	p->out = out;
	p->utf8 = speaks_utf8();
}

char *progress_count(uint64_t n, char *out)
{
	char digits[24];
	int length = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n);
	size_t to = 0;
	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			out[to++] = ',';
		out[to++] = digits[i];
	}
	out[to] = '\0';
	return out;
}

/* A new sample of the mean return. When the points are used up each two of them become one. */
static void add_sample(progress *p, double value)
{
	if (value != value)
		return;
	p->sum += value;
	if (++p->samples < p->stride)
		return;
	if (p->count == PROGRESS_POINTS) {
		for (size_t i = 0; i < PROGRESS_POINTS / 2; i++)
			p->points[i] = 0.5 * (p->points[2 * i] + p->points[2 * i + 1]);
		p->count = PROGRESS_POINTS / 2;
		p->stride *= 2;
		/* what was gathered is now half a point */
		return;
	}
	p->points[p->count++] = p->sum / (double)p->samples;
	p->sum = 0;
	p->samples = 0;
}

static const char *const blocks[] = {"\u2581", "\u2582", "\u2583", "\u2584",
				     "\u2585", "\u2586", "\u2587", "\u2588"};
static const char *const ascii[] = {"_", ".", ",", "-", "=", "+", "*", "#"};

/* Writes the points, or `room` of them from first to last. */
static void sparkline(const progress *p, size_t room, char *out)
{
	double low = 0, high = 0;
	size_t count = p->count < room ? p->count : room;
	for (size_t i = 0; i < p->count; i++) {
		low = i == 0 || p->points[i] < low ? p->points[i] : low;
		high = i == 0 || p->points[i] > high ? p->points[i] : high;
	}
	out[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		double point = p->points[(i + 1) * p->count / count - 1];
		double part = high > low ? (point - low) / (high - low) : 0;
		strcat(out, (p->utf8 ? blocks : ascii)[(size_t)(part * 7 + 0.5)]);
	}
}

static void duration(double seconds, char *out, size_t size)
{
	uint64_t s = seconds > 0 && seconds < 1e9 ? (uint64_t)(seconds + 0.5) : 0;
	if (s >= 3600)
		snprintf(out, size, "%llu:%02u:%02u", (unsigned long long)(s / 3600),
			 (unsigned)(s / 60 % 60), (unsigned)(s % 60));
	else
		snprintf(out, size, "%u:%02u", (unsigned)(s / 60), (unsigned)(s % 60));
}

/* Cuts UTF-8 text after `width` characters. */
static void cut(char *text, size_t width)
{
	size_t count = 0;
	for (char *c = text; *c; c++) {
		if (((unsigned char)*c & 0xc0) != 0x80 && count++ == width) {
			*c = '\0';
			return;
		}
	}
}

char *progress_line(const progress *p, uint64_t steps, double mean_return, double seconds,
		    int finished, size_t width, char *out, size_t size)
{
	char done[32], total[32], speed[32], reward[48] = "", line[4 * PROGRESS_POINTS] = "";
	char time[48] = "";
	double passed = seconds - p->start;
	double rate = passed > 0 ? (double)(steps - p->first) / passed : 0;
	if (mean_return == mean_return)
		snprintf(reward, sizeof reward, "  return %.4g", mean_return);
	if (finished)
		snprintf(time, sizeof time, "  %.2f s", passed);
	else if (rate > 0 && p->total > steps) {
		duration((double)(p->total - steps) / rate, total, sizeof total);
		snprintf(time, sizeof time, "  %s left", total);
	}
	int used = snprintf(out, size, "%s  %s/%s steps  %s/s%s", p->label,
			    progress_count(steps, done), progress_count(p->total, total),
			    progress_count((uint64_t)rate, speed), reward);
	/* the sparkline takes what is left of the line */
	size_t others = (size_t)used + strlen(time) + 1;
	if (p->count && others + 3 < width)
		sparkline(p, width - others, line);
	if ((size_t)used < size)
		snprintf(out + used, size - (size_t)used, "%s%s%s", line[0] ? " " : "", line, time);
	cut(out, width);
	return out;
}

static void draw(progress *p, uint64_t steps, double mean_return, double seconds, int finished)
{
	char line[1024];
	size_t width = terminal_width(p->out);
	progress_line(p, steps, mean_return, seconds, finished, width > 1 ? width - 1 : 1, line,
		      sizeof line);
	fprintf(p->out, "\r%s\033[K%s", line, finished ? "\n" : "");
	fflush(p->out);
	p->shown = !finished;
	p->drawn = seconds;
}

/* A note that nobody takes is no harm to the training. */
static void tell(const progress *p, uint64_t steps, double mean_return)
{
	const progress_note note = {steps, mean_return};
	ssize_t ignored = write(p->report_to, &note, sizeof note);
	(void)ignored;
}

void progress_update(progress *p, uint64_t steps, double mean_return, double seconds)
{
	if (p->report_to && (p->drawn < 0 || seconds - p->drawn >= 0.1)) {
		tell(p, steps, mean_return);
		p->drawn = seconds;
	}
	if (!p->out)
		return;
	add_sample(p, mean_return);
	if (p->drawn < 0 || seconds - p->drawn >= 0.1)
		draw(p, steps, mean_return, seconds, 0);
}

void progress_clear(progress *p)
{
	if (p->out && p->shown) {
		fputs("\r\033[K", p->out);
		fflush(p->out);
		p->shown = 0;
		p->drawn = -1;
	}
}

void progress_finish(progress *p, uint64_t steps, double mean_return, double seconds)
{
	if (p->report_to)
		tell(p, steps, mean_return);
	if (!p->out)
		return;
	add_sample(p, mean_return);
	draw(p, steps, mean_return, seconds, 1);
	p->out = NULL;
}
