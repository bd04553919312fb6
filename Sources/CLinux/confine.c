#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stddef.h>

const uint32_t davit_audit_architecture =
#if defined __x86_64__
    AUDIT_ARCH_X86_64;
#elif defined __aarch64__
    AUDIT_ARCH_AARCH64;
#elif defined __riscv && __riscv_xlen == 64
    AUDIT_ARCH_RISCV64;
#elif defined __powerpc64__ && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    AUDIT_ARCH_PPC64LE;
#else
    0;
#endif

static const int calls[] = {
    // The loop.
#ifdef SYS_poll
    SYS_poll,
#endif
    SYS_ppoll, SYS_recvmsg, SYS_recvfrom, SYS_sendto, SYS_sendmsg, SYS_read, SYS_write,
    SYS_clock_gettime, SYS_getrandom, SYS_getpid,
    // Files.
#ifdef SYS_open
    SYS_open, SYS_stat, SYS_lstat, SYS_access, SYS_readlink, SYS_unlink, SYS_rename, SYS_mkdir,
#endif
#ifdef SYS_renameat
    SYS_renameat,
#endif
    SYS_openat, SYS_newfstatat, SYS_statx, SYS_faccessat, SYS_readlinkat, SYS_unlinkat,
    SYS_renameat2, SYS_mkdirat, SYS_close, SYS_fstat, SYS_lseek, SYS_fcntl, SYS_ftruncate,
    SYS_getdents64, SYS_readv, SYS_writev, SYS_statfs, SYS_fstatfs,
#ifdef SYS_faccessat2
    SYS_faccessat2,
#endif
    // Sockets.
    SYS_bind, SYS_setsockopt, SYS_getsockopt, SYS_getsockname,
    // The process itself.
    SYS_brk, SYS_munmap, SYS_mremap, SYS_madvise, SYS_futex, SYS_rt_sigaction,
    SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sigaltstack, SYS_signalfd4, SYS_restart_syscall,
    SYS_exit, SYS_exit_group, SYS_tgkill, SYS_gettid, SYS_getuid, SYS_geteuid, SYS_uname,
    SYS_nanosleep, SYS_clock_nanosleep, SYS_gettimeofday, SYS_sched_yield,
    SYS_sched_getaffinity, SYS_umask,
};
const int *const davit_network_calls = calls;
const int davit_network_call_count = sizeof calls / sizeof *calls;

// The low half of an argument, which is all of a flag or a family.
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
enum { LOW = 0 };
#else
enum { LOW = 4 };
#endif
uint32_t davit_seccomp_argument(int number) {
    return offsetof(struct seccomp_data, args) + (uint32_t)number * 8 + LOW;
}
const uint32_t davit_seccomp_number = offsetof(struct seccomp_data, nr);
const uint32_t davit_seccomp_architecture = offsetof(struct seccomp_data, arch);

int davit_no_new_privileges(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }

int davit_seccomp(const struct sock_filter *program, uint16_t count) {
    struct sock_fprog whole = {.len = count, .filter = (struct sock_filter *)program};
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_LOG, &whole);
}

int davit_keep_network_capabilities(void) {
    uint64_t kept = 1ULL << CAP_NET_ADMIN | 1ULL << CAP_NET_RAW | 1ULL << CAP_NET_BIND_SERVICE;
    for (int one = 0; prctl(PR_CAPBSET_READ, one, 0, 0, 0) >= 0; one++) {
        // Without CAP_SETPCAP the bounding set stays; what is not permitted cannot come back all the same.
        if (!(kept >> one & 1)) prctl(PR_CAPBSET_DROP, one, 0, 0, 0);
    }
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &header, data) < 0) return -1;
    for (int half = 0; half < 2; half++) {
        uint32_t mask = (uint32_t)(kept >> (half * 32));
        data[half].permitted &= mask;
        data[half].effective = data[half].permitted;
        data[half].inheritable = 0;
    }
    return (int)syscall(SYS_capset, &header, data);
}

// No distribution gives this number to anybody: a program of whoever had it could send signals to this process.
enum { USER_OF_NOBODY = 0x7fffffff };

int davit_be_countable(_Bool countable) {
    const uint32_t exempting = 1U << CAP_SYS_ADMIN | 1U << CAP_SYS_RESOURCE;
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &header, data) < 0) return -1;
    if (countable) data->effective &= ~exempting;
    else data->effective |= data->permitted & exempting;
    if (syscall(SYS_capset, &header, data) < 0) return -1;
    return geteuid() == 0 ? setresuid(countable ? USER_OF_NOBODY : 0, (uid_t)-1, (uid_t)-1) : 0;
}

#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13)
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif

int davit_landlock_version(void) {
    return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

// Everything that the kernel's version can forbid, from EXECUTE to MAKE_SYM and what came later.
static uint64_t forbidden(int version) {
    uint64_t all = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
    if (version >= 2) all |= LANDLOCK_ACCESS_FS_REFER;
    if (version >= 3) all |= LANDLOCK_ACCESS_FS_TRUNCATE;
    return all;
}

int davit_landlock_rules(int version) {
    struct landlock_ruleset_attr rules = {.handled_access_fs = forbidden(version)};
    return (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof rules.handled_access_fs, 0);
}

int davit_landlock_allow(
    int rules, int version, const char *path, enum davit_allowance allowance) {
    uint64_t access = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE;
    if (allowance != davit_outbox) access |= LANDLOCK_ACCESS_FS_READ_FILE;
    int place = open(path, O_PATH | O_CLOEXEC);
    if (place < 0) return -1;
    struct stat status;
    if (fstat(place, &status) == 0 && S_ISDIR(status.st_mode)) {
        if (allowance != davit_outbox) access |= LANDLOCK_ACCESS_FS_READ_DIR;
        if (allowance != davit_setting)
            access |= LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                      LANDLOCK_ACCESS_FS_MAKE_DIR;
    }
    struct landlock_path_beneath_attr rule = {
        .allowed_access = access & forbidden(version), .parent_fd = place};
    int status_of = (int)syscall(
        SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    int reason = errno;
    close(place);
    errno = reason;
    return status_of;
}

int davit_landlock_restrict(int rules) { return (int)syscall(SYS_landlock_restrict_self, rules, 0); }
