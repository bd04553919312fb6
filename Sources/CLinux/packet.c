#define _GNU_SOURCE
#include "CLinux.h"

#include <netinet/in.h>
#include <string.h>

struct davit_packet davit_packet_receive(int descriptor, void *buffer, size_t capacity) {
    struct davit_packet packet = {0};
    struct iovec part = {.iov_base = buffer, .iov_len = capacity};
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
    struct sockaddr_ll origin = {0};
    struct msghdr message = {
        .msg_name = &origin,
        .msg_namelen = sizeof origin,
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control,
        .msg_controllen = sizeof control,
    };
    packet.length = recvmsg(descriptor, &message, MSG_DONTWAIT | MSG_TRUNC);
    if (packet.length < 0) return packet;
    packet.ethertype = ntohs(origin.sll_protocol);
    for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_PACKET || part->cmsg_type != PACKET_AUXDATA) continue;
        if (part->cmsg_len < CMSG_LEN(sizeof(struct tpacket_auxdata))) continue;
        struct tpacket_auxdata auxiliary;
        memcpy(&auxiliary, CMSG_DATA(part), sizeof auxiliary);
        packet.status = auxiliary.tp_status;
        packet.vlan_tci = auxiliary.tp_vlan_tci;
    }
    return packet;
}

static struct sockaddr_ll link_address(int interface, uint16_t ethertype) {
    struct sockaddr_ll address = {
        .sll_family = AF_PACKET,
        .sll_protocol = htons(ethertype),
        .sll_ifindex = interface,
    };
    return address;
}

int davit_packet_bind(int descriptor, int interface, uint16_t ethertype) {
    struct sockaddr_ll address = link_address(interface, ethertype);
    return bind(descriptor, (struct sockaddr *)&address, sizeof address);
}

ssize_t davit_packet_send(
    int descriptor, int interface, uint16_t ethertype, const uint8_t address[6], const void *bytes,
    size_t count) {
    struct sockaddr_ll destination = link_address(interface, ethertype);
    destination.sll_halen = 6;
    memcpy(destination.sll_addr, address, 6);
    return sendto(
        descriptor, bytes, count, MSG_DONTWAIT, (struct sockaddr *)&destination,
        sizeof destination);
}

int davit_netlink_bind(int descriptor) {
    struct sockaddr_nl address = {.nl_family = AF_NETLINK};
    return bind(descriptor, (struct sockaddr *)&address, sizeof address);
}

int davit_packet_filter(int descriptor, uint16_t port) {
    // Offsets count from the IPv4 header: the socket is of type SOCK_DGRAM.
    struct sock_filter udp[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),  // protocol
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 6),
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 6),  // more fragments, fragment offset
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x3fff, 4, 0),
        BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),  // the header's length
        BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),   // destination port
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, port, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    struct sock_filter nothing[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
    struct sock_fprog program = {
        .len = port ? sizeof udp / sizeof *udp : 1,
        .filter = port ? udp : nothing,
    };
    return setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

int davit_life_filter(int descriptor, uint32_t address) {
    // Loads relative to SKF_AD_OFF are of the kernel's description of the packet rather than of its bytes. No packet is handed on beyond
    // its first 28 bytes, which are the whole of an ARP packet.
    enum { everything = 28, nothing = 0 };
    struct sock_filter any[] = {
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 5, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OTHERHOST, 4, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_BROADCAST, 2, 0),
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_ARP, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, everything),
        BPF_STMT(BPF_RET | BPF_K, nothing),
    };
    struct sock_filter one[] = {
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_ARP, 0, 5),
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 3, 0),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 14),  // sender's protocol address
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, address, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, everything),
        BPF_STMT(BPF_RET | BPF_K, nothing),
    };
    struct sock_fprog program = {
        .len = address ? sizeof one / sizeof *one : sizeof any / sizeof *any,
        .filter = address ? one : any,
    };
    return setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

static struct sockaddr_in internet_address(uint32_t address, uint16_t port) {
    struct sockaddr_in internet = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(address),
    };
    return internet;
}

int davit_udp_bind(int descriptor, uint16_t port) {
    struct sockaddr_in own = internet_address(INADDR_ANY, port);
    return bind(descriptor, (struct sockaddr *)&own, sizeof own);
}

ssize_t davit_udp_send(
    int descriptor, uint32_t source, uint32_t address, uint16_t port, const void *bytes,
    size_t count) {
    struct sockaddr_in destination = internet_address(address, port);
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = count};
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct in_pktinfo))] = {0};
    struct msghdr message = {
        .msg_name = &destination,
        .msg_namelen = sizeof destination,
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control,
        .msg_controllen = sizeof control,
    };
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = IPPROTO_IP;
    header->cmsg_type = IP_PKTINFO;
    header->cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo));
    struct in_pktinfo from = {.ipi_spec_dst.s_addr = htonl(source)};
    memcpy(CMSG_DATA(header), &from, sizeof from);
    return sendmsg(descriptor, &message, MSG_DONTWAIT);
}
