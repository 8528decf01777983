/* SPDX-License-Identifier: MIT */
/* What time it is, for dates that peers and files speak of. */
#ifndef HTTP_CLOCK_H
#define HTTP_CLOCK_H

/* Seconds since 1970; the virtual clock in simulation. */
double http_wall_clock(void);

#endif
