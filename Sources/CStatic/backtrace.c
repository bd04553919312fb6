// Swift's crash reporter, switched off in the static program.
//
// At start Swift's runtime looks for a program `swift-backtrace` beside its own library. A static program
// has no such library, and the look-up ends in paths relative to the working directory: a file there
// would be run, as root, after a crash. scripts/build-static passes --wrap, which sends the runtime's call
// here; NULL means that there is no such program.
// Source: swift stdlib/public/runtime/Backtrace.cpp, BacktraceInitializer.

#ifdef DAVIT_STATIC

#include <stddef.h>

const char *__wrap_swift_copyAuxiliaryExecutablePath(const char *name);

const char *__wrap_swift_copyAuxiliaryExecutablePath(const char *name) {
    (void)name;
    return NULL;
}

#endif
