#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <stdlib.h>
#include <unistd.h>

int davit_ioctl(int descriptor, unsigned long request, void *argument) {
    return ioctl(descriptor, request, argument);
}

int davit_open(const char *path, int flags, mode_t mode) { return open(path, flags, mode); }

int davit_fcntl(int descriptor, int command, int argument) {
    return fcntl(descriptor, command, argument);
}

int davit_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

int davit_stream_socket(int family) {
    return socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

int davit_accept(int listener) {
    return accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

int davit_terminal(const char *ptmx, int *peer) {
    int controlling = open(ptmx, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (controlling < 0) return -1;
    int unlocked = 0;
    if (ioctl(controlling, TIOCSPTLCK, &unlocked) == 0) {
        *peer = ioctl(controlling, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
        if (*peer >= 0) return controlling;
    }
    int reason = errno;
    close(controlling);
    errno = reason;
    return -1;
}

int davit_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int davit_pidfd_signal(int pidfd, int signal) {
    return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

/// Above every descriptor that the child is to have, so that no dup2 overwrites one still needed.
enum { PARKING = 16 };

static int park(int descriptor) {
    if (descriptor < 0) descriptor = open("/dev/null", O_RDWR | O_CLOEXEC);
    return descriptor < 0 ? -1 : fcntl(descriptor, F_DUPFD_CLOEXEC, PARKING);
}

static void become(const struct davit_child *child, pid_t parent, int report) {
    // A shell that starts a program in the background makes it ignore SIGINT and SIGQUIT; what the program starts
    // would inherit that, and Ctrl-C would be dead in every shell below it.
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    if (child->survives_broken_pipes) signal(SIGPIPE, SIG_IGN);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);

    int wanted[4] = {child->input, child->output, child->error, child->extra};
    int count = child->extra < 0 ? 3 : 4;
    report = fcntl(report, F_DUPFD_CLOEXEC, PARKING);
    if (report < 0) _exit(127);
    for (int i = 0; i < count; i++) {
        if ((wanted[i] = park(wanted[i])) < 0) goto failed;
    }
    for (int i = 0; i < count; i++) {
        if (dup2(wanted[i], i) < 0) goto failed;
    }
    syscall(SYS_close_range, (unsigned)count, ~0U, CLOSE_RANGE_CLOEXEC);

    if (child->new_session && setsid() < 0) goto failed;
    if (child->controlling_terminal && ioctl(0, TIOCSCTTY, 0) < 0) goto failed;
    if (child->dies_with_parent) {
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) goto failed;
        // The parent may have gone before the kernel was told to watch it.
        if (getppid() != parent) _exit(127);
    }
    execve(child->path, child->arguments, child->environment);
failed:;
    int reason = errno;
    if (write(report, &reason, sizeof reason) < 0) _exit(126);
    _exit(127);
}

pid_t davit_spawn(const struct davit_child *child, int *pidfd) {
    int report[2];
    if (pipe2(report, O_CLOEXEC) < 0) return -1;

    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) become(child, parent, report[1]);
    int reason = errno;
    close(report[1]);
    if (pid > 0) {
        reason = 0;
        ssize_t got;
        do got = read(report[0], &reason, sizeof reason);
        while (got < 0 && errno == EINTR);
        if (got == 0) {
            *pidfd = davit_pidfd_open(pid);
            if (*pidfd < 0) {
                reason = errno;
                kill(pid, SIGKILL);
            }
        }
        if (reason != 0) {
            while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {}
            pid = -1;
        }
    }
    close(report[0]);
    if (pid < 0) errno = reason;
    return pid;
}
