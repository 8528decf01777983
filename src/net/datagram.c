/* SPDX-License-Identifier: MIT */
/*
 * Datagrams by the batch. recvmmsg(2) and sendmmsg(2) are tried directly; when there is nothing, or
 * no room, one datagram goes the way of every other call, through the backend, which waits. The
 * simulation has no batches: there all go one by one.
 */
#include <errno.h>
#include <netinet/udp.h>
#include <string.h>
#include <await/net.h>
#include <await/udp.h>
#include "core/loop.h"

enum {
	BATCH = 16,	     /* headers of a call; on the task's stack with their control data */
	CONTROL_BYTES = 192, /* address, ttl, tos, drops, segment: IPv6's take 152 with alignment */
};

struct batch {
	struct mmsghdr headers[BATCH];
	struct iovec parts[BATCH];
	union {
		char bytes[CONTROL_BYTES];
		struct cmsghdr align;
	} control[BATCH];
};

/* ---- Receiving ---- */

static void prepare_receive(struct batch *batch, async_packet *packets, size_t count)
{
	memset(batch->headers, 0, count * sizeof *batch->headers);
	for (size_t i = 0; i < count; i++) {
		struct msghdr *header = &batch->headers[i].msg_hdr;

		batch->parts[i] = (struct iovec){ packets[i].data, packets[i].room };
		header->msg_iov = &batch->parts[i];
		header->msg_iovlen = 1;
		header->msg_name = &packets[i].address;
		header->msg_namelen = sizeof packets[i].address;
		header->msg_control = &batch->control[i];
		header->msg_controllen = sizeof batch->control[i].bytes;
	}
}

static int number_of(const struct cmsghdr *control)
{
	int number = 0;

	/* IP_TOS is a byte, the others are ints. */
	if (control->cmsg_len < CMSG_LEN(sizeof number))
		return *CMSG_DATA(control);
	memcpy(&number, CMSG_DATA(control), sizeof number);
	return number;
}

static void take_ipv4(async_packet *packet, const struct cmsghdr *control)
{
	struct sockaddr_in *own = (struct sockaddr_in *)&packet->own;
	struct in_pktinfo info;

	if (control->cmsg_type == IP_PKTINFO) {
		memcpy(&info, CMSG_DATA(control), sizeof info);
		own->sin_family = AF_INET;
		own->sin_addr = info.ipi_addr;
		packet->interface = (unsigned)info.ipi_ifindex;
	} else if (control->cmsg_type == IP_TTL) {
		packet->ttl = number_of(control);
	} else if (control->cmsg_type == IP_TOS) {
		packet->tos = number_of(control);
	}
}

static void take_ipv6(async_packet *packet, const struct cmsghdr *control)
{
	struct sockaddr_in6 *own = (struct sockaddr_in6 *)&packet->own;
	struct in6_pktinfo info;

	if (control->cmsg_type == IPV6_PKTINFO) {
		memcpy(&info, CMSG_DATA(control), sizeof info);
		own->sin6_family = AF_INET6;
		own->sin6_addr = info.ipi6_addr;
		packet->interface = info.ipi6_ifindex;
	} else if (control->cmsg_type == IPV6_HOPLIMIT) {
		packet->ttl = number_of(control);
	} else if (control->cmsg_type == IPV6_TCLASS) {
		packet->tos = number_of(control);
	}
}

static void take_packet(async_packet *packet, struct mmsghdr *header)
{
	struct msghdr *message = &header->msg_hdr;

	packet->size = header->msg_len;
	packet->length = message->msg_namelen;
	packet->truncated = message->msg_flags & MSG_TRUNC;
	packet->own.ss_family = AF_UNSPEC;
	packet->interface = packet->drops = 0;
	packet->ttl = packet->tos = packet->segment = 0;
	for (struct cmsghdr *control = CMSG_FIRSTHDR(message); control;
	     control = CMSG_NXTHDR(message, control)) {
		if (control->cmsg_level == IPPROTO_IP)
			take_ipv4(packet, control);
		else if (control->cmsg_level == IPPROTO_IPV6)
			take_ipv6(packet, control);
		else if (control->cmsg_level == IPPROTO_UDP && control->cmsg_type == UDP_GRO)
			packet->segment = (uint16_t)number_of(control);
		else if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SO_RXQ_OVFL)
			packet->drops = (uint32_t)number_of(control);
	}
}

/* What is there now: how many, or -EAGAIN. */
static int receive_batch(int fd, async_packet *packets, size_t count)
{
	struct batch batch;
	int n;

	prepare_receive(&batch, packets, count);
	do
		n = recvmmsg(fd, batch.headers, (unsigned)count, MSG_DONTWAIT, NULL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	for (int i = 0; i < n; i++)
		take_packet(&packets[i], &batch.headers[i]);
	return n;
}

static int await_one(int fd, async_packet *packet, int flags)
{
	struct batch batch;
	ssize_t n;

	prepare_receive(&batch, packet, 1);
	if (loop_current->backend->virtual_clock)
		batch.headers[0].msg_hdr.msg_controllen = 0; /* it tells nothing of a packet */
	n = await_recvmsg(fd, &batch.headers[0].msg_hdr, flags);
	if (n < 0)
		return (int)n;
	batch.headers[0].msg_len = (unsigned)n;
	take_packet(packet, &batch.headers[0]);
	return 1;
}

/* What is there, as far as it comes; a failure after some is the next call's. */
static size_t receive_rest(int fd, async_packet *packets, size_t count, bool simulated)
{
	size_t done = 0;

	while (done < count) {
		size_t want = count - done < BATCH ? count - done : BATCH;
		int n = simulated ? await_one(fd, &packets[done], MSG_DONTWAIT) :
				    receive_batch(fd, &packets[done], want);

		if (n <= 0)
			break;
		done += (size_t)n;
		if (!simulated && (size_t)n < want)
			break;
	}
	return done;
}

ssize_t await_recvmmsg(int fd, async_packet *packets, size_t count)
{
	struct async_task *self = task_self("await_recvmmsg");
	bool simulated = self->loop->backend->virtual_clock;
	size_t first = count < BATCH ? count : BATCH;
	int n = -EAGAIN;

	if (self->cancel_error)
		return self->cancel_error;
	if (fd < 0)
		return fd;
	if (!count)
		return async_fail(-EINVAL,
				  "await_recvmmsg: no room for even one packet (count is 0)");
	if (!simulated)
		n = receive_batch(fd, packets, first);
	if (n == -EAGAIN)
		n = await_one(fd, packets, 0);
	else if (n < 0)
		return async_fail(n, "await_recvmmsg on descriptor %d", fd);
	else if ((size_t)n < first)
		return n;
	if (n < 0)
		return n;
	return n + (ssize_t)receive_rest(fd, packets + n, count - (size_t)n, simulated);
}

/* ---- Sending ---- */

static void put_control(struct msghdr *message, int level, int type, const void *data, size_t size)
{
	struct cmsghdr *control =
		(struct cmsghdr *)((char *)message->msg_control + message->msg_controllen);

	control->cmsg_level = level;
	control->cmsg_type = type;
	control->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(control), data, size);
	message->msg_controllen += CMSG_SPACE(size);
}

static void put_own(struct msghdr *message, const async_packet *packet)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&packet->own;
	const struct sockaddr_in *in = (const struct sockaddr_in *)&packet->own;

	if (packet->own.ss_family == AF_INET) {
		struct in_pktinfo info = { .ipi_ifindex = (int)packet->interface,
					   .ipi_spec_dst = in->sin_addr };

		put_control(message, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
	} else if (packet->own.ss_family == AF_INET6) {
		struct in6_pktinfo info = { .ipi6_addr = in6->sin6_addr,
					    .ipi6_ifindex = packet->interface };

		put_control(message, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
	}
}

static void prepare_send(struct batch *batch, size_t i, const async_packet *packet, int domain)
{
	struct msghdr *message = &batch->headers[i].msg_hdr;
	bool ipv6 = domain == AF_INET6;
	int level = ipv6 ? IPPROTO_IPV6 : IPPROTO_IP;

	memset(&batch->headers[i], 0, sizeof batch->headers[i]);
	memset(&batch->control[i], 0, sizeof batch->control[i]);
	batch->parts[i] = (struct iovec){ packet->data, packet->size };
	message->msg_iov = &batch->parts[i];
	message->msg_iovlen = 1;
	message->msg_name = packet->length ? (void *)&packet->address : NULL;
	message->msg_namelen = packet->length;
	message->msg_control = &batch->control[i];
	if (domain != AF_UNIX) {
		put_own(message, packet);
		if (packet->ttl)
			put_control(message, level, ipv6 ? IPV6_HOPLIMIT : IP_TTL, &packet->ttl,
				    sizeof packet->ttl);
		if (packet->tos)
			put_control(message, level, ipv6 ? IPV6_TCLASS : IP_TOS, &packet->tos,
				    sizeof packet->tos);
		if (packet->segment && packet->size > packet->segment)
			put_control(message, IPPROTO_UDP, UDP_SEGMENT, &packet->segment,
				    sizeof packet->segment);
	}
	if (!message->msg_controllen)
		message->msg_control = NULL;
}

static int await_send_one(int fd, const async_packet *packet, int domain)
{
	struct batch batch;
	ssize_t n;

	prepare_send(&batch, 0, packet, domain);
	n = await_sendmsg(fd, &batch.headers[0].msg_hdr, 0);
	return n < 0 ? (int)n : 1;
}

/* In the kernel's stead: each of its segments as a datagram of its own. */
static int await_send_segments(int fd, const async_packet *packet, int domain)
{
	async_packet part = *packet;
	int error = 1;

	part.segment = 0;
	for (size_t at = 0; at < packet->size && error > 0; at += packet->segment) {
		size_t left = packet->size - at;

		part.data = (char *)packet->data + at;
		part.size = left < packet->segment ? left : packet->segment;
		error = await_send_one(fd, &part, domain);
	}
	return error;
}

static bool is_split(const async_packet *packet)
{
	return packet->segment && packet->size > packet->segment;
}

/* Send what can be sent now: how many, or the first one's error. */
static int send_batch(int fd, const async_packet *packets, size_t count, int domain)
{
	struct batch batch;
	int n;

	for (size_t i = 0; i < count; i++)
		prepare_send(&batch, i, &packets[i], domain);
	do
		n = sendmmsg(fd, batch.headers, (unsigned)count, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* The kernel, the device or the simulation cannot split this one. */
static bool cannot_split(int error)
{
	return error == -EIO || error == -EINVAL || error == -ENOPROTOOPT || error == -EOPNOTSUPP ||
	       error == -EMSGSIZE;
}

/* One or more of the packets: how many, or a failure. */
static int await_send_some(int fd, const async_packet *packets, size_t count, int domain,
			   bool simulated)
{
	int n = -EAGAIN;

	if (simulated && is_split(packets))
		return await_send_segments(fd, packets, domain);
	if (!simulated)
		n = send_batch(fd, packets, count < BATCH ? count : BATCH, domain);
	if (n == -EAGAIN)
		n = await_send_one(fd, packets, domain);
	if (n < 0 && is_split(packets) && cannot_split(n))
		n = await_send_segments(fd, packets, domain);
	return n;
}

/* A connected socket is for its peer: the kernel would send to anyone. */
static int check_peer(int fd, const async_packet *packets, size_t count)
{
	struct sockaddr_storage peer;
	socklen_t length = sizeof peer;
	char text[160];
	size_t i = 0;

	while (i < count && !packets[i].length)
		i++;
	if (i == count || async_getpeername(fd, (struct sockaddr *)&peer, &length))
		return 0;
	for (; i < count; i++)
		if (packets[i].length &&
		    (packets[i].length != length || memcmp(&packets[i].address, &peer, length)))
			return async_fail(
				-EISCONN,
				"descriptor %d is connected to %s: it sends to no other address",
				fd,
				async_address_format((struct sockaddr *)&peer, length, text,
						     sizeof text));
	return 0;
}

ssize_t await_sendmmsg(int fd, const async_packet *packets, size_t count)
{
	struct async_task *self = task_self("await_sendmmsg");
	bool simulated = self->loop->backend->virtual_clock;
	int domain = AF_UNSPEC, error;
	socklen_t length = sizeof domain;
	size_t done = 0;

	if (self->cancel_error)
		return self->cancel_error;
	if (fd < 0)
		return fd;
	error = async_getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length);
	if (error)
		return async_fail(error, "await_sendmmsg on descriptor %d", fd);
	error = check_peer(fd, packets, count);
	if (error)
		return error;
	while (done < count) {
		int n = await_send_some(fd, packets + done, count - done, domain, simulated);

		if (n < 0 && done)
			break;
		if (n < 0)
			return self->cancel_error ?
				       n :
				       async_fail(n, "await_sendmmsg on descriptor %d", fd);
		done += (size_t)n;
	}
	return (ssize_t)done;
}
