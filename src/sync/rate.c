/* SPDX-License-Identifier: MIT */
/*
 * Rates. A bucket that fills by the clock is one number, the time at which it will be full: what is
 * in it follows, and nothing has to run meanwhile. The first of those who wait sleeps, the others
 * queue up for its place.
 */
#include <await/run.h>
#include <await/sync.h>
#include <await/task.h>
#include <errno.h>
#include "base/base.h"

/* Sums of times are rounded: a sleep ends this far from the moment when all is there. */
static const double LEAST_SLEEP = 1e-6;

double async_rate_available(const async_rate *rate)
{
	double missing = (rate->full_at_ - async_now()) * rate->per_second_;

	return missing > 0 ? rate->burst_ - missing : rate->burst_;
}

static int check(const async_rate *rate, double amount)
{
	if (!(rate->per_second_ > 0) || !(rate->burst_ > 0))
		return async_fail(-EINVAL,
				  "a rate of %g a second, %g at once: nothing comes through",
				  rate->per_second_, rate->burst_);
	if (!(amount >= 0) || amount > rate->burst_)
		return async_fail(-EINVAL, "%g of a rate that has at most %g at once (`burst`)",
				  amount, rate->burst_);
	return 0;
}

/* Seconds until it is there; 0: it was taken. */
static double take(async_rate *rate, double amount)
{
	double missing = amount - async_rate_available(rate), now = async_now();

	if (missing > LEAST_SLEEP * rate->per_second_)
		return missing / rate->per_second_;
	if (rate->full_at_ < now)
		rate->full_at_ = now;
	rate->full_at_ += amount / rate->per_second_;
	return 0;
}

int async_rate_try(async_rate *rate, double amount)
{
	int error = check(rate, amount);

	if (error)
		return error;
	return async_locked(&rate->turn_) || take(rate, amount) > 0 ? -EAGAIN : 0;
}

int await_rate(async_rate *rate, double amount)
{
	int error = check(rate, amount);
	double seconds;

	if (!error)
		error = await_lock(&rate->turn_);
	if (error)
		return error;
	while (!error && (seconds = take(rate, amount)) > 0)
		error = await_sleep(seconds);
	async_unlock(&rate->turn_);
	return error;
}
