#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
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
