/* SPDX-License-Identifier: MIT */
/* A hosts file in memory, and the table of names that the simulation knows: the same thing. */
#ifndef NAMES_HOSTS_H
#define NAMES_HOSTS_H

#include <sys/stat.h>
#include <await/address.h>

struct host_line {
	char *name;   /* lower case */
	size_t order; /* as read: earlier addresses come first */
	async_address address;
};

struct hosts {
	struct host_line *lines; /* sorted by name, then order, once `sorted` */
	size_t count, room;
	bool sorted;
	bool full;	    /* memory ran short: lines are missing */
	struct stat status; /* of the file as it was read */
	bool loaded;
};

/* Read the file again if it is another than last time. Blocks for as long as a local file takes. A
 * file that cannot be read is empty. */
void hosts_refresh(struct hosts *hosts, const char *path);
/* Parse one line, which it changes. */
void hosts_parse_line(struct hosts *hosts, char *line);
/* 0; -EINVAL: no address; -ENOMEM. */
int hosts_add(struct hosts *hosts, const char *name, const char *address);
void hosts_remove(struct hosts *hosts, const char *name);
/* Append the addresses of a name; 0: also when there are none. -ENOMEM. */
int hosts_find(struct hosts *hosts, const char *name, int family, async_addresses *addresses);
/* The first name of an address, or NULL. */
const char *hosts_name_of(const struct hosts *hosts, const struct sockaddr *address);
void hosts_free(struct hosts *hosts);

/* Write a host, "10.0.0.1" or "fe80::1%eth0", as a socket address without a port. */
bool host_number(const char *text, async_address *address);

/* The line that begins with "hosts:" of an nsswitch.conf; what it wants besides files and DNS. */
struct nsswitch {
	bool all_system, local_mdns, own_name;
};
void nsswitch_parse(const char *line, struct nsswitch *nsswitch);

#endif
