/* SPDX-License-Identifier: MIT */
/* The client's side of SOCKS: fixed messages, each answered by one of known size. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <await/scope.h>
#include "base/base.h"
#include "client/socks.h"

enum {
	VERSION_5 = 5,
	VERSION_4 = 4,
	LOGIN_VERSION = 1,
	METHOD_OPEN = 0,
	METHOD_LOGIN = 2,
	METHOD_NONE = 0xff,
	CONNECT = 1,
	ADDRESS_4 = 1,
	ADDRESS_NAME = 3,
	ADDRESS_6 = 4,
	PORT_BYTES = 2,
	/* Two lengths with their texts, and what is around them. */
	MESSAGE_BYTES = 2 * SOCKS_TEXT_BYTES + 16,
};

/* A message being put together. */
struct message {
	unsigned char bytes[MESSAGE_BYTES];
	size_t size;
};

static void put_byte(struct message *message, unsigned int byte)
{
	message->bytes[message->size++] = (unsigned char)byte;
}

static void put(struct message *message, const void *data, size_t size)
{
	memcpy(message->bytes + message->size, data, size);
	message->size += size;
}

static void put_text(struct message *message, const char *text)
{
	put_byte(message, (unsigned int)strlen(text));
	put(message, text, strlen(text));
}

static void put_port(struct message *message, uint16_t port)
{
	put_byte(message, port >> 8);
	put_byte(message, port & 0xff);
}

static int await_send(async_stream *stream, const struct message *message)
{
	ssize_t n = await_stream_write(stream, message->bytes, message->size);

	return n < 0 ? (int)n : 0;
}

static int await_receive(async_stream *stream, unsigned char *bytes, size_t size)
{
	ssize_t n = await_stream_readexactly(stream, bytes, size);

	if (n == 0 || n == -ENODATA)
		return async_fail(-ENODATA, "the SOCKS proxy hung up in the middle of an answer");
	return n < 0 ? (int)n : 0;
}

static int check_text(const char *what, const char *text, size_t least)
{
	size_t size = strlen(text);

	if (size < least)
		return async_fail(-EINVAL, "SOCKS: the %s is empty", what);
	if (size > SOCKS_TEXT_BYTES)
		return async_fail(-ENAMETOOLONG,
				  "SOCKS: the %s has %zu bytes, and the protocol room for %d", what,
				  size, SOCKS_TEXT_BYTES);
	return 0;
}

static int check_target(const struct socks_target *target)
{
	int error = check_text("host", target->host, 1);

	if (!error && target->user)
		error = check_text("user", target->user, 1);
	if (!error && target->password)
		error = check_text("password", target->password, 0);
	return error;
}

/* What HTTP and TLS servers answer is the usual mistake. */
static int refuse_version(unsigned char byte)
{
	if (byte == 'H' || byte == 0x15)
		return async_fail(-EPROTO, "this is no SOCKS proxy: it speaks %s",
				  byte == 'H' ? "HTTP" : "TLS");
	return async_fail(-EPROTO, "this is no SOCKS proxy: it answers with the byte 0x%02x", byte);
}

/* ---- Version 5 ---- */

static int await_log_in(async_stream *stream, const struct socks_target *target)
{
	struct message message = { .size = 0 };
	unsigned char answer[2];
	int error;

	put_byte(&message, LOGIN_VERSION);
	put_text(&message, target->user);
	put_text(&message, target->password ? target->password : "");
	error = await_send(stream, &message);
	explicit_bzero(&message, sizeof message);
	if (!error)
		error = await_receive(stream, answer, sizeof answer);
	if (error)
		return error;
	if (answer[0] != LOGIN_VERSION)
		return async_fail(-EPROTO, "the SOCKS proxy answers a login of version %d",
				  answer[0]);
	if (answer[1])
		return async_fail(-EACCES, "the SOCKS proxy refuses user and password (status %d)",
				  answer[1]);
	return 0;
}

static int await_choose_method(async_stream *stream, const struct socks_target *target)
{
	struct message message = { .size = 0 };
	unsigned char answer[2];
	int error;

	put_byte(&message, VERSION_5);
	put_byte(&message, target->user ? 2 : 1);
	put_byte(&message, METHOD_OPEN);
	if (target->user)
		put_byte(&message, METHOD_LOGIN);
	error = await_send(stream, &message);
	if (!error)
		error = await_receive(stream, answer, 1);
	if (!error && answer[0] != VERSION_5)
		return refuse_version(answer[0]);
	if (!error)
		error = await_receive(stream, answer + 1, 1);
	if (error)
		return error;
	if (answer[1] == METHOD_OPEN)
		return 0;
	if (answer[1] == METHOD_LOGIN && target->user)
		return await_log_in(stream, target);
	if (answer[1] == METHOD_NONE)
		return async_fail(-EACCES,
				  target->user ? "the SOCKS proxy takes neither user and password "
						 "nor none, which is all that is known here" :
						 "the SOCKS proxy wants a login");
	return async_fail(-EPROTO, "the SOCKS proxy chooses method %d, which was not offered",
			  answer[1]);
}

static void put_target(struct message *message, const struct socks_target *target)
{
	unsigned char address[sizeof(struct in6_addr)];

	if (inet_pton(AF_INET, target->host, address) == 1) {
		put_byte(message, ADDRESS_4);
		put(message, address, sizeof(struct in_addr));
	} else if (inet_pton(AF_INET6, target->host, address) == 1) {
		put_byte(message, ADDRESS_6);
		put(message, address, sizeof(struct in6_addr));
	} else {
		put_byte(message, ADDRESS_NAME);
		put_text(message, target->host);
	}
	put_port(message, target->port);
}

/* RFC 1928, 6 */
static int check_reply(unsigned char reply, const struct socks_target *target)
{
	static const struct {
		int error;
		const char *text;
	} replies[] = {
		{ 0, NULL },
		{ -EREMOTEIO, "it has failed" },
		{ -EPERM, "its rules do not allow it" },
		{ -ENETUNREACH, "the network is unreachable" },
		{ -EHOSTUNREACH, "the host is unreachable" },
		{ -ECONNREFUSED, "the target refuses" },
		{ -ETIME, "the time to live has expired" },
		{ -EOPNOTSUPP, "it does not know how to connect" },
		{ -EAFNOSUPPORT, "it does not know such addresses" },
	};

	if (!reply)
		return 0;
	if (reply < array_length(replies))
		return async_fail(replies[reply].error, "the SOCKS proxy does not reach %s:%u: %s",
				  target->host, target->port, replies[reply].text);
	return async_fail(-EREMOTEIO, "the SOCKS proxy does not reach %s:%u: reply %d",
			  target->host, target->port, reply);
}

/* The address that the proxy connects from: nobody needs it, but it stands before what follows. */
static int await_pass_address(async_stream *stream, unsigned char kind)
{
	unsigned char bytes[SOCKS_TEXT_BYTES + PORT_BYTES], size;
	int error;

	switch (kind) {
	case ADDRESS_4:
		return await_receive(stream, bytes, 4 + PORT_BYTES);
	case ADDRESS_6:
		return await_receive(stream, bytes, 16 + PORT_BYTES);
	case ADDRESS_NAME:
		error = await_receive(stream, &size, 1);
		return error ? error : await_receive(stream, bytes, (size_t)size + PORT_BYTES);
	default:
		return async_fail(-EPROTO, "the SOCKS proxy answers with an address of type %d",
				  kind);
	}
}

static int await_version_5(async_stream *stream, const struct socks_target *target)
{
	struct message message = { .size = 0 };
	unsigned char answer[4]; /* version, reply, reserved, type of address */
	int error = await_choose_method(stream, target);

	if (error)
		return error;
	put_byte(&message, VERSION_5);
	put_byte(&message, CONNECT);
	put_byte(&message, 0);
	put_target(&message, target);
	error = await_send(stream, &message);
	/* Proxies that refuse may hang up after the reply, so it is looked at alone. */
	if (!error)
		error = await_receive(stream, answer, 2);
	if (error)
		return error;
	if (answer[0] != VERSION_5)
		return refuse_version(answer[0]);
	error = check_reply(answer[1], target);
	if (!error)
		error = await_receive(stream, answer + 2, 2);
	return error ? error : await_pass_address(stream, answer[3]);
}

/* ---- Version 4, and 4A, where a name goes as the address 0.0.0.1 and behind the user ---- */

enum { V4_GRANTED = 90, V4_NO_IDENTD = 92, V4_OTHER_USER = 93, V4_REPLY_BYTES = 8 };

static int await_version_4(async_stream *stream, const struct socks_target *target)
{
	static const unsigned char name_follows[4] = { [3] = 1 };
	struct message message = { .size = 0 };
	unsigned char address[sizeof(struct in6_addr)], answer[V4_REPLY_BYTES];
	const char *user = target->user ? target->user : "";
	bool number = inet_pton(AF_INET, target->host, address) == 1;
	int error;

	if (!number && inet_pton(AF_INET6, target->host, address) == 1)
		return async_fail(-EAFNOSUPPORT, "SOCKS 4 knows no IPv6 addresses: %s",
				  target->host);
	put_byte(&message, VERSION_4);
	put_byte(&message, CONNECT);
	put_port(&message, target->port);
	put(&message, number ? address : name_follows, sizeof name_follows);
	put(&message, user, strlen(user) + 1);
	if (!number)
		put(&message, target->host, strlen(target->host) + 1);
	error = await_send(stream, &message);
	if (!error)
		error = await_receive(stream, answer, 1);
	if (!error && answer[0])
		return refuse_version(answer[0]);
	if (!error)
		error = await_receive(stream, answer + 1, V4_REPLY_BYTES - 1);
	if (error || answer[1] == V4_GRANTED)
		return error;
	if (answer[1] == V4_NO_IDENTD || answer[1] == V4_OTHER_USER)
		return async_fail(-EACCES, "the SOCKS 4 proxy refuses the user (reply %d)",
				  answer[1]);
	return async_fail(-EREMOTEIO, "the SOCKS 4 proxy does not reach %s:%u: reply %d",
			  target->host, target->port, answer[1]);
}

int await_socks_connect(async_stream *stream, const struct socks_target *target)
{
	int cancelled = async_cancelled();
	int error;

	if (cancelled)
		return cancelled;
	error = check_target(target);
	if (error)
		return error;
	return target->version_4 ? await_version_4(stream, target) :
				   await_version_5(stream, target);
}
