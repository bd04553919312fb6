#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <stdlib.h>
#include <string.h>

int davit_own_mounts(void) {
    if (unshare(CLONE_NEWNS) < 0) return -1;
    return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

int davit_memory_file(const char *name) { return memfd_create(name, MFD_CLOEXEC); }

int davit_btrfs_forget(const char *path) {
    struct btrfs_ioctl_vol_args device = {0};
    if (strlen(path) >= sizeof device.name) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(device.name, path);
    int control = open("/dev/btrfs-control", O_RDWR | O_CLOEXEC);
    if (control < 0) return -1;
    int status = ioctl(control, BTRFS_IOC_FORGET_DEV, &device);
    int reason = errno;
    close(control);
    errno = reason;
    return status;
}

// 64 bits each, addresses as well, also where the kernel's are shorter.
struct davit_fsck_offline {
    uint64_t flags, options, count, devices[];
};

int davit_bcachefs_fsck(const char *options, char *const *devices, size_t count) {
    struct davit_fsck_offline *request = calloc(1, sizeof *request + count * sizeof(uint64_t));
    if (request == NULL) return -1;
    request->options = (uintptr_t)options;
    request->count = count;
    for (size_t index = 0; index < count; index++) request->devices[index] = (uintptr_t)devices[index];
    int control = open("/dev/bcachefs-ctl", O_RDWR | O_CLOEXEC);
    int words = control < 0 ? -1 : ioctl(control, _IOW(0xbc, 19, struct davit_fsck_offline), request);
    int reason = errno;
    if (control >= 0) close(control);
    free(request);
    errno = reason;
    return words;
}
