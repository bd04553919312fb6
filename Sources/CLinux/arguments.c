#include "CLinux.h"

/// Swift reads its command line from /proc, which the first process of a machine does not have yet.
static int count;
static char **vector;

/// glibc gives constructors what main gets.
__attribute__((constructor)) static void remember(int argc, char **argv) {
    count = argc;
    vector = argv;
}

const char *davit_argument(int index) {
    return index >= 0 && index < count ? vector[index] : NULL;
}
