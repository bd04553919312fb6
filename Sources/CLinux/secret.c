#define _GNU_SOURCE
#include "CLinux.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

int davit_secret_file(size_t size) {
    int descriptor = memfd_create("secret", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (descriptor < 0) return -1;
    // Sealed, so that no holder can shrink it and let the others die of SIGBUS.
    if (ftruncate(descriptor, (off_t)size) < 0 ||
        fcntl(descriptor, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
        int reason = errno;
        close(descriptor);
        errno = reason;
        return -1;
    }
    return descriptor;
}

int davit_keep_private(void) {
    struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) < 0) return -1;
    return prctl(PR_SET_DUMPABLE, 0);
}

int davit_lock_when_used(const void *start, size_t length) {
    return mlock2(start, length, MLOCK_ONFAULT);
}

/// The private memory of this process: heap, stack and all other pages of no file.
struct region {
    unsigned char *start, *end;
};

/// Calls `body` for every region. Nothing here allocates: it would move what is looked at.
static void each_region(void (*body)(struct region, void *), void *context) {
    static char text[1 << 16];
    int file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    size_t length = 0;
    ssize_t got;
    while (length < sizeof text - 1 &&
           (got = read(file, text + length, sizeof text - 1 - length)) > 0)
        length += (size_t)got;
    close(file);
    text[length] = 0;
    for (char *line = text; *line;) {
        char *next = strchr(line, '\n');
        if (next == NULL) return;
        *next = 0;
        unsigned long start = 0, end = 0, inode = 1;
        char flags[5] = "", name[32] = "";
        // FROM-TO rwxp OFFSET MAJOR:MINOR INODE NAME
        int fields = sscanf(line, "%lx-%lx %4s %*s %*s %lu %31s", &start, &end, flags, &inode, name);
        int is_ours = name[0] == 0 || strcmp(name, "[heap]") == 0 || strcmp(name, "[stack]") == 0 ||
                      strncmp(name, "[anon:", 6) == 0;
        if (fields >= 4 && inode == 0 && is_ours && strcmp(flags, "rw-p") == 0) {
            struct region region = {(unsigned char *)start, (unsigned char *)end};
            body(region, context);
        }
        line = next + 1;
    }
}

static int wipes_at_exit;

void davit_wipe_at_exit(void) { wipes_at_exit = 1; }

/// All that is used while memory is being overwritten, and so spared.
static struct regions {
    struct region all[1024];
    int count;
    // The thread that wipes, and how many others stand still.
    long wiper;
    int standing;
    // Taken in time: what would look it up is wiped.
    long (*call)(long, ...);
} regions;

static void note_region(struct region region, void *context) {
    (void)context;
    int capacity = (int)(sizeof regions.all / sizeof regions.all[0]);
    if (regions.count < capacity) regions.all[regions.count++] = region;
}

/// By hand, and without the guard of the stack, which lies in the heap: nothing may be used any more that is being wiped.
__attribute__((no_stack_protector)) static void wipe_region(
    struct region region, const unsigned char *frame) {
    volatile unsigned long *at = (volatile unsigned long *)region.start;
    volatile unsigned long *end = (volatile unsigned long *)region.end;
    for (; at < end; at++) {
        const unsigned char *byte = (const unsigned char *)at;
        // What these last functions still need.
        if (byte > frame - 512 && byte < frame + 128) continue;
        if (byte >= (unsigned char *)&regions && byte < (unsigned char *)(&regions + 1)) continue;
        // A page that was never touched would be given memory by a write, so it is only read.
        if (*at != 0) *at = 0;
    }
}

/// For the threads of a key derivation: what they need is about to be wiped. Who wipes ends by its fault instead.
__attribute__((no_stack_protector)) static void stand_still(int number) {
    if (regions.call(SYS_gettid) == regions.wiper) {
        signal(number, SIG_DFL);
        return;
    }
    __atomic_add_fetch(&regions.standing, 1, __ATOMIC_SEQ_CST);
    // In the kernel, with every signal held back: there is no stack to come back to.
    for (;;) regions.call(SYS_ppoll, NULL, 0L, NULL, NULL, 0L);
}

/// Lets the other threads stand still; one that does not within 50 ms is met by what was wiped.
__attribute__((noinline)) static void stop_threads(void) {
    static char names[1 << 14];
    struct sigaction action = {.sa_handler = stand_still};
    sigfillset(&action.sa_mask);
    const int numbers[] = {SIGUSR2, SIGSEGV, SIGBUS, SIGILL, SIGABRT};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        sigaction(numbers[i], &action, NULL);
    int directory = open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return;
    int told = 0;
    ssize_t got;
    while ((got = getdents64(directory, names, sizeof names)) > 0)
        for (ssize_t at = 0; at < got;) {
            const struct dirent64 *entry = (const void *)(names + at);
            at += entry->d_reclen;
            // The directory itself and its parent are 0.
            long thread = atol(entry->d_name);
            if (thread > 0 && thread != regions.wiper)
                told += syscall(SYS_tgkill, getpid(), thread, SIGUSR2) == 0;
        }
    close(directory);
    const struct timespec moment = {.tv_nsec = 1000000};
    for (int i = 0; i < 50 && __atomic_load_n(&regions.standing, __ATOMIC_SEQ_CST) < told; i++)
        nanosleep(&moment, NULL);
}

__attribute__((no_stack_protector)) _Noreturn void davit_exit(int code) {
    if (!wipes_at_exit) exit(code);
    // What exit(3) would do for this program is nothing: it has no buffers of stdio and no handlers.
    regions.call = syscall;
    // Two signals may come to two threads.
    long self = syscall(SYS_gettid), first = 0;
    if (!__atomic_compare_exchange_n(
            &regions.wiper, &first, self, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) &&
        first != self)
        for (;;) regions.call(SYS_ppoll, NULL, 0L, NULL, NULL, 0L);
    stop_threads();
    each_region(note_region, NULL);
    // The memory of a key derivation, which may be a gigabyte, comes last: whoever waits for this may lose patience.
    size_t large = (size_t)8 << 20;
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < regions.count; i++) {
            struct region region = regions.all[i];
            int is_large = (size_t)(region.end - region.start) > large;
            if (is_large == pass) wipe_region(region, __builtin_frame_address(0));
        }
    for (;;) regions.call(SYS_exit_group, code);
}

static void end_wiped(int number) { davit_exit(128 + number); }

void davit_wipe_on_signals(void) {
    struct sigaction action = {.sa_handler = end_wiped};
    sigfillset(&action.sa_mask);
    const int numbers[] = {SIGHUP, SIGINT, SIGTERM, SIGPIPE};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        sigaction(numbers[i], &action, NULL);
}

ssize_t davit_lend_to_pipe(int pipe, const void *bytes, size_t count) {
    struct iovec piece = {(void *)bytes, count};
    return vmsplice(pipe, &piece, 1, SPLICE_F_NONBLOCK);
}

int davit_unread(int pipe) {
    int count = -1;
    return ioctl(pipe, FIONREAD, &count) == 0 ? count : -1;
}

int davit_message_sockets(int ends[2]) {
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends);
}

static int message_socket(const char *path, struct sockaddr_un *address) {
    address->sun_family = AF_UNIX;
    if (strlen(path) >= sizeof address->sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address->sun_path, path);
    return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static int succeeded(int descriptor, int failed) {
    if (!failed) return descriptor;
    int reason = errno;
    close(descriptor);
    errno = reason;
    return -1;
}

int davit_message_listener(const char *path) {
    struct sockaddr_un address = {0};
    int made = message_socket(path, &address);
    if (made < 0) return -1;
    return succeeded(
        made, bind(made, (struct sockaddr *)&address, sizeof address) || listen(made, 8));
}

int davit_message_connection(const char *path) {
    struct sockaddr_un address = {0};
    int made = message_socket(path, &address);
    if (made < 0) return -1;
    return succeeded(made, connect(made, (struct sockaddr *)&address, sizeof address));
}

union control {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof(int))];
};

int davit_send_descriptor(int socket, int descriptor) {
    char byte = 0;
    struct iovec piece = {&byte, 1};
    union control control = {0};
    struct msghdr message = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    return sendmsg(socket, &message, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

int davit_receive_descriptor(int socket) {
    char byte;
    struct iovec piece = {&byte, 1};
    union control control;
    struct msghdr message = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) < 0) return -1;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header == NULL || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS ||
        header->cmsg_len != CMSG_LEN(sizeof(int))) {
        errno = EBADMSG;
        return -1;
    }
    int descriptor;
    memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
    return descriptor;
}

ssize_t davit_send_to_path(const char *path, unsigned char first, const void *rest, size_t count) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, path);
    int sender = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (sender < 0) return -1;
    struct iovec pieces[2] = {{&first, 1}, {(void *)rest, count}};
    struct msghdr message = {
        .msg_name = &address, .msg_namelen = sizeof address, .msg_iov = pieces,
        .msg_iovlen = count > 0 ? 2 : 1};
    ssize_t sent = sendmsg(sender, &message, MSG_NOSIGNAL);
    int reason = errno;
    close(sender);
    errno = reason;
    return sent;
}
