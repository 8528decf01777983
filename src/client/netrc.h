/* SPDX-License-Identifier: MIT */
/*
 * Logins from a netrc file, as ftp(1) has it, and as curl and Python read it:
 *
 *	machine example.org login me password "with blanks \" and quotes"
 *	default login anonymous password guest
 *
 * Words in any order and over any lines; `#` where a keyword could stand begins a comment; macdef
 * reaches to an empty line and is passed over. A backslash takes the next byte as it is. The file
 * is read once; texts lie in it.
 */
#ifndef CLIENT_NETRC_H
#define CLIENT_NETRC_H

#include <stddef.h>

enum { NETRC_BYTES = 1 << 20 };

struct netrc_entry {
	const char *machine;			/* NULL: default */
	const char *login, *account, *password; /* "" for what is not said */
};

struct netrc {
	char *text;
	size_t size;
	struct netrc_entry *entries;
	size_t count;
};

/*
 * `text` is malloc's, and the struct's from now on, also on failure; a zero is behind it. `name` is
 * for errors. -EBADMSG with the number of the line, but none of its words: one may be a password.
 * -ENOMEM. On failure the struct is zero-filled.
 */
int netrc_parse(struct netrc *netrc, char *text, size_t size, const char *name);
/* Passwords are wiped. */
void netrc_end(struct netrc *netrc);

/* The first entry for that host, letters of either case, or else the first default. With a `login`
 * only entries of it. NULL: none. */
const struct netrc_entry *netrc_find(const struct netrc *netrc, const char *host, size_t host_size,
				     const char *login);

/*
 * The file that the variable NETRC names, or else ~/.netrc; `limit` bytes at most, 0: NETRC_BYTES.
 * ~/.netrc must be the user's own and nobody else's to read, as Python has it, unless all of its
 * logins are anonymous: -EPERM. -ENOENT, also without a HOME or where it cannot be reached; -EFBIG
 * and the other failures of await_read_file; those of netrc_parse.
 */
int await_netrc_read(struct netrc *netrc, size_t limit);

#endif
