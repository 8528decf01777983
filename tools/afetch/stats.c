/* SPDX-License-Identifier: MIT */
/* What a run has done: see stats.h. */
#include <errno.h>
#include <string.h>
#include "stats.h"
#include "text.h"

void stats_add(struct stats *stats, const struct result *result)
{
	if (result->error)
		stats->failed++;
	else
		stats->fetched++;
	if (result->status > 0 && result->status < STATUSES) {
		stats->statuses[result->status]++;
		histogram_add(&stats->times, result->facts.total);
	}
	if (result->error && result->status < 400)
		stats->errors[-result->error < ERRORS ? -result->error : 0]++;
}

static void print_counts(const struct stats *stats, double seconds, size_t given_up, FILE *out)
{
	uint64_t done = stats->fetched + stats->failed;
	char a[NUMBER_TEXT_BYTES], b[NUMBER_TEXT_BYTES];

	fprintf(out, "%s fetched, %s failed", text_count(a, stats->fetched),
		text_count(b, stats->failed));
	if (stats->skipped)
		fprintf(out, ", %s fetched before", text_count(a, stats->skipped));
	if (given_up)
		fprintf(out, ", %s given up", text_count(a, given_up));
	if (stats->retried)
		fprintf(out, ", %s %s", text_count(a, stats->retried),
			stats->retried == 1 ? "retry" : "retries");
	fprintf(out, "; %s in %s", text_bytes(a, (double)stats->received),
		text_seconds(b, seconds));
	if (seconds > 0)
		fprintf(out, " (%s a second, %s/s)",
			text_count(a, (uint64_t)((double)done / seconds + 0.5)),
			text_bytes(b, (double)stats->received / seconds));
	fputc('\n', out);
}

static void print_outcomes(const struct stats *stats, FILE *out)
{
	const char *separator = "status: ";
	char count[NUMBER_TEXT_BYTES];

	for (int i = 0; i < STATUSES; i++) {
		if (!stats->statuses[i])
			continue;
		fprintf(out, "%s%d %s", separator, i, text_count(count, stats->statuses[i]));
		separator = ", ";
	}
	if (*separator == ',')
		fputc('\n', out);
	separator = "errors: ";
	for (int i = 0; i < ERRORS; i++) {
		const char *name = i ? strerrorname_np(i) : "others";

		if (!stats->errors[i])
			continue;
		fprintf(out, "%s%s %s", separator, name ? name : "unknown",
			text_count(count, stats->errors[i]));
		separator = ", ";
	}
	if (*separator == ',')
		fputc('\n', out);
}

void stats_print(const struct stats *stats, double seconds, size_t given_up, FILE *out)
{
	const struct histogram *times = &stats->times;
	char p50[NUMBER_TEXT_BYTES], p90[NUMBER_TEXT_BYTES], p99[NUMBER_TEXT_BYTES],
		most[NUMBER_TEXT_BYTES];

	print_counts(stats, seconds, given_up, out);
	print_outcomes(stats, out);
	if (times->count)
		fprintf(out, "times: p50 %s, p90 %s, p99 %s, max %s\n",
			text_seconds(p50, histogram_percentile(times, 0.5)),
			text_seconds(p90, histogram_percentile(times, 0.9)),
			text_seconds(p99, histogram_percentile(times, 0.99)),
			text_seconds(most, times->most));
}
