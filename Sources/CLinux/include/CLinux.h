// Kernel and C library declarations that Swift's Glibc module does not offer, with their C spelling, and the few
// calls that Swift cannot make itself. Every structure and constant comes from the C headers, so nothing here
// depends on the architecture.
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include <arpa/inet.h>
// Before the kernel's own linux/if.h, which then leaves out what this one defines.
#include <net/if.h>
#include <ifaddrs.h>

#include <linux/dm-ioctl.h>
#include <linux/filter.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/loop.h>
#include <linux/module.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/random.h>
#include <linux/rtnetlink.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

// Headers older than Linux 5.17 lack it.

#pragma clang assume_nonnull begin

/// What a child process is to be. Descriptors stay the caller's; -1 stands for /dev/null.
struct davit_child {
    const char *path;
    char *_Nullable const *_Nonnull arguments;
    char *_Nullable const *_Nonnull environment;
    int input, output, error;
    /// Appears as descriptor 3 in the child, when not -1.
    int extra;
    /// The child leads a session of its own.
    _Bool new_session;
    /// `input` is a terminal and becomes the controlling one; only with new_session.
    _Bool controlling_terminal;
    /// The kernel kills the child with SIGKILL when this process ends (prctl PR_SET_PDEATHSIG).
    _Bool dies_with_parent;
    /// A write that nobody reads is an error for the child (SIGPIPE is ignored) and not its end.
    _Bool survives_broken_pipes;
};

/// Forks and executes, which Swift cannot say itself ("fork is unavailable").
/// Returns the child's process id and stores a pidfd, or returns -1 with errno of whatever failed, in the child
/// too. All descriptors but the ones named are closed in the child. Oldest kernel: 5.9 (close_range).
pid_t davit_spawn(const struct davit_child *child, int *pidfd);

/// A word of this process' command line, NULL behind the last. Needs no /proc.
const char *_Nullable davit_argument(int index);

/// ioctl(2) with a pointer argument; variadic functions are not imported.
int davit_ioctl(int descriptor, unsigned long request, void *_Nullable argument);

/// open(2) with its mode, for the same reason.
int davit_open(const char *path, int flags, mode_t mode);
/// Where data begins at or behind an offset: lseek(2) with SEEK_DATA, which Glibc's module hides
/// behind _GNU_SOURCE. Oldest kernel: 3.1.
off_t davit_seek_data(int descriptor, off_t offset);

/// fcntl(2) with an int argument, for the same reason.
int davit_fcntl(int descriptor, int command, int argument);

/// pipe2(2) with O_CLOEXEC, which Glibc's module hides behind _GNU_SOURCE.
int davit_pipe(int ends[_Nonnull 2]);

/// socket(2) and accept4(2) with SOCK_CLOEXEC and SOCK_NONBLOCK, which Swift imports as an enumeration of another type.
int davit_stream_socket(int family);
int davit_accept(int listener);

/// Opens a pseudo-terminal. Returns its controlling side, non-blocking, and stores the other one, both with O_CLOEXEC; needs
/// /dev/ptmx, but no path below /dev/pts. Oldest kernel: 4.13 (TIOCGPTPEER).
int davit_terminal(const char *ptmx, int *peer);

/// pidfd_open(2) and pidfd_send_signal(2): glibc has had wrappers since 2.36 only. Oldest kernel: 5.3.
int davit_pidfd_open(pid_t pid);
int davit_pidfd_signal(int pidfd, int signal);

/// An anonymous file of `size` bytes in memory whose size cannot be changed any more. Oldest kernel: 3.17.
int davit_secret_file(size_t size);

/// Keeps this process out of core dumps and away from the debuggers of other users (prctl PR_SET_DUMPABLE).
int davit_keep_private(void);

/// Locks memory page by page, as each is first used (mlock2(2) with MLOCK_ONFAULT). Oldest kernel: 4.4.
int davit_lock_when_used(const void *start, size_t length);

/// From now on davit_exit overwrites the heap, the stack and all other private memory before it ends the process: the
/// kernel gives pages back as they are.
void davit_wipe_at_exit(void);
_Noreturn void davit_exit(int code);

/// From now on the signals that end this process, SIGHUP, SIGINT, SIGPIPE and SIGTERM, end it as davit_exit does: also in
/// the middle of a key derivation, whose other threads then stand still.
void davit_wipe_on_signals(void);

/// Puts a page of this process into a pipe, where vmsplice(2) leaves no copy of it; it must stay until the reader has it.
/// Returns as write(2) does.
ssize_t davit_lend_to_pipe(int pipe, const void *bytes, size_t count);
/// How many bytes in a pipe nobody has read yet, or -1.
int davit_unread(int pipe);

/// A pair of connected sockets that keep the borders of messages, non-blocking and with O_CLOEXEC.
int davit_message_sockets(int ends[_Nonnull 2]);
/// A socket of that kind that listens at `path`, made there; one that is connected to it.
int davit_message_listener(const char *path);
int davit_message_connection(const char *path);
/// Sends a descriptor to the process at the other end; takes one, with O_CLOEXEC. Both return -1 with errno.
int davit_send_descriptor(int socket, int descriptor);
int davit_receive_descriptor(int socket);
/// Sends one datagram, a byte and `count` more, to the Unix socket at `path`. Returns as sendmsg(2) does.
ssize_t davit_send_to_path(const char *path, unsigned char first, const void *_Nullable rest, size_t count);

/// setrlimit(2): Glibc's module gives its first argument different types from one C library to the next.
static inline int davit_set_limit(int resource, const struct rlimit *limit) {
    return setrlimit(resource, limit);
}
/// Its name stands for another one, which Swift does not follow.
static const int32_t davit_RLIMIT_NPROC = RLIMIT_NPROC;
static inline int davit_get_limit(int resource, struct rlimit *limit) {
    return getrlimit(resource, limit);
}

/// setpriority(2) on this process: its first argument has different types from one C library to the next.
static inline int davit_set_niceness(int niceness) {
    return setpriority(PRIO_PROCESS, 0, niceness);
}

/// finit_module(2), which glibc has no wrapper for. `parameters` may be empty. Oldest kernel: 3.8.
static inline int davit_finit_module(int file, const char *parameters) {
    return (int)syscall(SYS_finit_module, file, parameters, 0);
}
/// init_module(2), the same for a module that is in memory.
static inline int davit_init_module(const void *_Nullable bytes, size_t count, const char *parameters) {
    return (int)syscall(SYS_init_module, bytes, count, parameters);
}
/// mount(2) without set-user-ID programs and device nodes, and umount2(2) that follows no link. Here, because the
/// flags are of one type in C and of several in Swift.
static inline int davit_mount(
    const char *source, const char *point, const char *type, _Bool read_only, _Bool names_at_once,
    const char *options) {
    unsigned long flags = MS_NOSUID | MS_NODEV | (read_only ? MS_RDONLY : 0) | (names_at_once ? MS_DIRSYNC : 0);
    return mount(source, point, type, flags, options);
}
static inline int davit_mount_kernel(
    const char *type, const char *point, _Bool has_devices, const char *options) {
    return mount(type, point, type, MS_NOSUID | (has_devices ? 0 : MS_NODEV), options);
}
static inline int davit_remount_read_only(const char *point) {
    return mount(NULL, point, NULL, MS_REMOUNT | MS_RDONLY, NULL);
}
static inline int davit_unmount(const char *point) { return umount2(point, UMOUNT_NOFOLLOW); }

/// Gives this process a table of mounts of its own, from which nothing comes back to the others'.
int davit_own_mounts(void);

/// An empty directory in memory over `point`; unlike with davit_mount it may hold device nodes.
static inline int davit_mount_devices(const char *point) {
    return mount("tmpfs", point, "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=0755,size=256k");
}

/// Makes a device node for the block or character device with these numbers.
static inline int davit_make_node(
    const char *path, _Bool block, unsigned major_number, unsigned minor_number) {
    return mknod(path, (block ? S_IFBLK : S_IFCHR) | 0600, makedev(major_number, minor_number));
}

/// An anonymous file in memory, empty, that can grow. Oldest kernel: 3.17.
int davit_memory_file(const char *name);

/// Lets btrfs forget that it has seen the device `path` (BTRFS_IOC_FORGET_DEV). Oldest kernel: 5.1.
int davit_btrfs_forget(const char *path);

/// Starts the kernel's own fsck of a bcachefs that is not mounted (BCH_IOCTL_FSCK_OFFLINE).
///
/// Gives a descriptor to read its words from; closing that gives fsck's exit bits, from Linux 6.9 on. No C header has
/// the request. Source: fs/bcachefs/bcachefs_ioctl.h. Oldest kernel: 6.8.
int davit_bcachefs_fsck(const char *options, char *_Nullable const *_Nonnull devices, size_t count);

/// One call to the device mapper: the numbers of its ioctls are computed from `command`, one of DM_…_CMD.
static inline int davit_device_mapper(int control, unsigned command, void *request) {
    return ioctl(control, _IOWR(DM_IOCTL, command, struct dm_ioctl), request);
}

/// fallocate(2) from the start of a file, which Glibc's module hides behind _GNU_SOURCE.
static inline int davit_allocate(int file, off_t length) {
    return (int)syscall(SYS_fallocate, file, 0, (off_t)0, length);
}

/// renameat2(2) with RENAME_NOREPLACE, which Glibc's module hides behind _GNU_SOURCE. Oldest kernel: 3.15; EINVAL
/// from file systems that cannot.
int davit_rename_without_replacing(const char *old, const char *fresh);

/// Macros that are not imported because they are computed.
static inline unsigned davit_major(dev_t device) { return major(device); }
static inline unsigned davit_minor(dev_t device) { return minor(device); }
static inline int davit_wait_exited(int status) { return WIFEXITED(status); }
static inline int davit_wait_exit_status(int status) { return WEXITSTATUS(status); }
static inline int davit_wait_signal(int status) { return WTERMSIG(status); }

/// What recvmsg(2) told about a packet besides its bytes.
struct davit_packet {
    /// -1 with errno when nothing was read; may be more than there was room for.
    ssize_t length;
    /// TP_STATUS_… of PACKET_AUXDATA, 0 without it, and the VLAN's TCI where TP_STATUS_VLAN_VALID is among them.
    uint32_t status;
    uint16_t vlan_tci;
    uint16_t ethertype;
};

/// Reads one packet from a packet socket; the control message macros are not imported.
struct davit_packet davit_packet_receive(int descriptor, void *buffer, size_t capacity);

/// Binds a packet socket to one interface, for one EtherType; sends to a hardware address from it.
/// struct sockaddr_ll is no struct sockaddr for Swift.
int davit_packet_bind(int descriptor, int interface, uint16_t ethertype);
ssize_t davit_packet_send(
    int descriptor, int interface, uint16_t ethertype, const uint8_t address[_Nonnull 6],
    const void *_Nullable bytes, size_t count);

/// Binds a netlink socket to a port that the kernel chooses.
int davit_netlink_bind(int descriptor);

/// Lets only UDP datagrams to `port` into a packet socket without link headers; with port 0, nothing at all into any socket.
int davit_packet_filter(int descriptor, uint16_t port);

/// Lets only the beginnings of ARP packets and broadcasts of other machines into a packet socket without link headers; with an address, only
/// ARP packets that say that somebody has it. The address is in host byte order.
int davit_life_filter(int descriptor, uint32_t address);

/// Binds an IPv4 socket to a port of all addresses, and sends from it and from `source`, which may be one of many
/// (IP_PKTINFO); addresses and ports in host byte order.
int davit_udp_bind(int descriptor, uint16_t port);
ssize_t davit_udp_send(
    int descriptor, uint32_t source, uint32_t address, uint16_t port,
    const void *_Nullable bytes, size_t count);

/// Opens a UDP socket of AF_INET or AF_INET6 on one interface and port; with `group`, of 4 or 16 bytes, it hears that multicast
/// group, shares the port with others, sends with a hop limit of 255 and does not hear itself.
int davit_datagram_open(
    int family, int interface, const char *device, uint16_t port, const uint8_t *_Nullable group);
ssize_t davit_datagram_send(
    int descriptor, int family, int interface, const uint8_t *address, uint16_t port,
    const void *_Nullable bytes, size_t count);
/// Stores the sender's address (4 or 16 bytes, by the socket's family) and port.
ssize_t davit_datagram_receive(
    int descriptor, void *_Nullable buffer, size_t capacity, uint8_t address[_Nonnull 16],
    uint16_t *port);

/// What `Confinement` is made of. The audit architecture is 0 where no filter has been written for it.
extern const uint32_t davit_audit_architecture;
/// The system calls that `davit net` makes once it runs, on this architecture.
extern const int *const davit_network_calls;
extern const int davit_network_call_count;
/// Places in struct seccomp_data.
extern const uint32_t davit_seccomp_number, davit_seccomp_architecture;
uint32_t davit_seccomp_argument(int number);
int davit_no_new_privileges(void);
int davit_seccomp(const struct sock_filter *program, uint16_t count);
/// Drops all capabilities but NET_ADMIN, NET_RAW and NET_BIND_SERVICE, for good.
int davit_keep_network_capabilities(void);
/// Lets the kernel count this process among those of a user whom RLIMIT_NPROC binds, or among root's again. It stays root
/// in what it may do, but for CAP_SYS_ADMIN and CAP_SYS_RESOURCE. For a process with one thread.
int davit_be_countable(_Bool countable);
/// Landlock. Oldest kernel: 5.13; the version is negative before, and where it is switched off.
int davit_landlock_version(void);
int davit_landlock_rules(int version);
/// What may be done below a path: make, replace and read files; make and replace; read and write what is there.
enum davit_allowance { davit_place, davit_outbox, davit_setting };
int davit_landlock_allow(
    int rules, int version, const char *path, enum davit_allowance allowance);
int davit_landlock_restrict(int rules);

/// The flight recorder: a ring of slots in shared memory that many processes write at once, without a lock. Whatever is in
/// the memory, nothing here reads or writes outside of it. Layout: recorder.c.
enum {
    davit_ring_version = 2,
    davit_ring_header_size = 128,
    davit_slot_size = 128,
    /// The most bytes of text of an entry, which takes 16 slots then; what is longer is cut.
    davit_longest_text = 88 + 15 * 112,
};

/// A ring that has been checked. Its number of slots is kept here, where nobody else can change it.
struct davit_ring {
    void *base;
    uint32_t slots;
    int32_t pid;
};

/// What happened, in numbers; the names are Swift's.
struct davit_event {
    uint32_t milliseconds;
    int32_t code;
    uint8_t component, what, outcome, importance;
};

/// An entry as it is read, but for its text.
struct davit_entry {
    /// Nanoseconds since boot (CLOCK_BOOTTIME).
    uint64_t time;
    int32_t pid;
    struct davit_event event;
    /// The first `name` of the `count` bytes of text are what it is about, the rest are words.
    uint32_t name, count;
};

/// Makes a ring of `count` slots, a power of two, in memory that is all zeros.
void davit_ring_make(void *base, uint32_t count);
/// Checks a ring and takes it over. It has no slots when it is none or not of this version; `version` is 0 when it is none.
struct davit_ring davit_ring_adopt(void *base, size_t size, uint32_t *version);
/// Writes one entry. Never waits; a process that is killed here leaves nothing or all of it.
void davit_ring_write(
    struct davit_ring ring, struct davit_event event, const char *text, size_t name,
    size_t count);
/// Whether one more of all processes' important entries may go where there is little room: `most` in `seconds`.
_Bool davit_ring_allows(struct davit_ring ring, uint32_t most, uint32_t seconds);
/// The number that the next slot will have.
uint64_t davit_ring_next(struct davit_ring ring);
/// Reads the entry that begins in a slot, and its text into davit_longest_text bytes. Returns how many slots it has; 0 when
/// no whole one begins there.
int davit_ring_read(
    struct davit_ring ring, uint64_t ticket, struct davit_entry *entry, char *text);
/// CRC32C (RFC 3720 §12.1) of `count` bytes, going on from `start`.
uint32_t davit_crc32c(uint32_t start, const void *bytes, size_t count);
/// The same as a processor without an instruction for it computes it.
uint32_t davit_crc32c_by_table(uint32_t start, const void *bytes, size_t count);

#pragma clang assume_nonnull end
