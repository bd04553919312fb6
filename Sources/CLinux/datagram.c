#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <string.h>

union endpoint {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static socklen_t endpoint(
    union endpoint *to, int family, int interface, const uint8_t *address, uint16_t port) {
    memset(to, 0, sizeof *to);
    to->any.sa_family = (sa_family_t)family;
    if (family == AF_INET) {
        to->v4.sin_port = htons(port);
        if (address) memcpy(&to->v4.sin_addr, address, 4);
        return sizeof to->v4;
    }
    to->v6.sin6_port = htons(port);
    to->v6.sin6_scope_id = (uint32_t)interface;
    if (address) memcpy(&to->v6.sin6_addr, address, 16);
    return sizeof to->v6;
}

static int join(int descriptor, int family, int interface, const uint8_t *group) {
    int hops = 255, off = 0;
    if (family == AF_INET) {
        struct ip_mreqn request = {.imr_ifindex = interface};
        memcpy(&request.imr_multiaddr, group, 4);
        return setsockopt(descriptor, IPPROTO_IP, IP_MULTICAST_TTL, &hops, sizeof hops) ||
               setsockopt(descriptor, IPPROTO_IP, IP_TTL, &hops, sizeof hops) ||
               setsockopt(descriptor, IPPROTO_IP, IP_MULTICAST_LOOP, &off, sizeof off) ||
               setsockopt(descriptor, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request) ||
               setsockopt(descriptor, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request);
    }
    struct ipv6_mreq request = {.ipv6mr_interface = (unsigned)interface};
    memcpy(&request.ipv6mr_multiaddr, group, 16);
    return setsockopt(descriptor, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof hops) ||
           setsockopt(descriptor, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &hops, sizeof hops) ||
           setsockopt(descriptor, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, &off, sizeof off) ||
           setsockopt(descriptor, IPPROTO_IPV6, IPV6_JOIN_GROUP, &request, sizeof request);
}

int davit_datagram_open(
    int family, int interface, const char *device, uint16_t port, const uint8_t *group) {
    int descriptor = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) return -1;
    int on = 1;
    union endpoint own;
    socklen_t size = endpoint(&own, family, 0, NULL, port);
    int failed =
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
        (group && setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on)) ||
        (family == AF_INET6 &&
         setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on)) ||
        setsockopt(
            descriptor, SOL_SOCKET, SO_BINDTODEVICE, device, (socklen_t)strlen(device)) ||
        bind(descriptor, &own.any, size) || (group && join(descriptor, family, interface, group));
    if (!failed) return descriptor;
    int reason = errno;
    close(descriptor);
    errno = reason;
    return -1;
}

ssize_t davit_datagram_send(
    int descriptor, int family, int interface, const uint8_t *address, uint16_t port,
    const void *bytes, size_t count) {
    union endpoint to;
    socklen_t size = endpoint(&to, family, interface, address, port);
    return sendto(descriptor, bytes, count, MSG_DONTWAIT, &to.any, size);
}

ssize_t davit_datagram_receive(
    int descriptor, void *buffer, size_t capacity, uint8_t address[16], uint16_t *port) {
    union endpoint from;
    socklen_t size = sizeof from;
    memset(&from, 0, sizeof from);
    ssize_t count = recvfrom(descriptor, buffer, capacity, MSG_DONTWAIT, &from.any, &size);
    int is_v4 = from.any.sa_family == AF_INET;
    *port = ntohs(is_v4 ? from.v4.sin_port : from.v6.sin6_port);
    if (is_v4) memcpy(address, &from.v4.sin_addr, 4);
    else memcpy(address, &from.v6.sin6_addr, 16);
    return count;
}
