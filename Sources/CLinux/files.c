#define _GNU_SOURCE
#include "CLinux.h"

#include <fcntl.h>
#include <stdio.h>

int davit_rename_without_replacing(const char *old, const char *fresh) {
    return renameat2(AT_FDCWD, old, AT_FDCWD, fresh, RENAME_NOREPLACE);
}

off_t davit_seek_data(int descriptor, off_t offset) { return lseek(descriptor, offset, SEEK_DATA); }
