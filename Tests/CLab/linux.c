#define _GNU_SOURCE
#include "CLab.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int lab_packet_socket(int namespace_fd, const char *interface) {
    if (setns(namespace_fd, CLONE_NEWNET) != 0) return -1;
    unsigned index = if_nametoindex(interface);
    if (index == 0) return -1;
    // Nothing comes before it is bound.
    int descriptor = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -1;
    // DHCP over IPv4 and nothing else: a reader that does not get its turn would lose it behind the bytes of disks.
    struct sock_filter dhcp[] = {
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 7),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 23),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 5),
        BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 14),
        BPF_STMT(BPF_LD | BPF_H | BPF_IND, 16),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 67, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 68, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 65536),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    struct sock_fprog program = {.len = sizeof dhcp / sizeof *dhcp, .filter = dhcp};
    struct sockaddr_ll address = {
        .sll_family = AF_PACKET,
        .sll_protocol = htons(ETH_P_ALL),
        .sll_ifindex = (int)index,
    };
    if (setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0 ||
        bind(descriptor, (struct sockaddr *)&address, sizeof address) != 0) {
        int failed = errno;
        close(descriptor);
        errno = failed;
        return -1;
    }
    return descriptor;
}

int lab_pipe(int *ends) { return pipe2(ends, O_CLOEXEC); }

int lab_spawn(pid_t *process, const char *path, char *const *arguments, char *const *environment,
              int input, int output, int error) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&actions, input, 0);
    posix_spawn_file_actions_adddup2(&actions, output, 1);
    posix_spawn_file_actions_adddup2(&actions, error, 2);
    posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    // A session of its own: Ctrl-C reaches the lab alone, which then ends its children in order.
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
                                              POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    int failed = posix_spawnp(process, path, &actions, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

ssize_t lab_find(const uint8_t *bytes, size_t size, size_t start, const uint8_t *pattern, size_t length) {
    if (start >= size) return -1;
    const uint8_t *found = memmem(bytes + start, size - start, pattern, length);
    return found == NULL ? -1 : found - bytes;
}
