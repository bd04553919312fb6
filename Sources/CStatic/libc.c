// What a static glibc would load from the host, replaced by functions that fail.
//
// libc.a is not static all the way: name look-ups and dlopen load the host's shared objects, and with
// them a second libc. In an initramfs those files are missing or belong to another version. davit asks
// for none of this; the libraries it links contain the calls. The stubs exist in the static program only
// (DAVIT_STATIC, see scripts/build-static): a test is a dynamic program that needs the real ones.

#ifdef DAVIT_STATIC

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <glob.h>
#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <stddef.h>
#include <sys/socket.h>

// dlopen and its family: Swift's runtime looks up symbols and images by name. There is only the program
// itself, and no dynamic symbol table in it.

static const char no_loading[] = "davit is a static program and loads nothing";

void *dlopen(const char *file, int mode) {
    (void)file, (void)mode;
    return NULL;
}

void *dlmopen(Lmid_t namespace, const char *file, int mode) {
    (void)namespace, (void)file, (void)mode;
    return NULL;
}

void *dlsym(void *restrict handle, const char *restrict name) {
    (void)handle, (void)name;
    return NULL;
}

void *dlvsym(void *restrict handle, const char *restrict name, const char *restrict version) {
    (void)handle, (void)name, (void)version;
    return NULL;
}

int dlclose(void *handle) {
    (void)handle;
    return -1;
}

int dladdr(const void *address, Dl_info *info) {
    (void)address, (void)info;
    return 0;
}

char *dlerror(void) { return (char *)no_loading; }

// getaddrinfo and its family: libssh's client and its listener resolve names. davit accepts connections
// itself and hands libssh the descriptor, so nothing is ever resolved.

int getaddrinfo(const char *restrict node, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict result) {
    (void)node, (void)service, (void)hints, (void)result;
    return EAI_FAIL;
}

void freeaddrinfo(struct addrinfo *list) { (void)list; }

const char *gai_strerror(int code) {
    (void)code;
    return "davit resolves no names";
}

int getnameinfo(const struct sockaddr *restrict address, socklen_t address_length,
                char *restrict host, socklen_t host_length, char *restrict service,
                socklen_t service_length, int flags) {
    (void)address, (void)address_length, (void)host, (void)host_length;
    (void)service, (void)service_length, (void)flags;
    return EAI_FAIL;
}

struct hostent *gethostbyname(const char *name) {
    (void)name;
    h_errno = HOST_NOT_FOUND;
    return NULL;
}

struct servent *getservbyname(const char *name, const char *protocol) {
    (void)name, (void)protocol;
    return NULL;
}

// Users and groups: libssh asks for the home directory and for the names of file owners, libblkid for the
// owner of its cache. An initramfs has no users but root; these say "no such user", which is no error.

struct passwd *getpwnam(const char *name) {
    (void)name;
    errno = 0;
    return NULL;
}

struct passwd *getpwuid(uid_t uid) {
    (void)uid;
    errno = 0;
    return NULL;
}

int getpwnam_r(const char *restrict name, struct passwd *restrict entry, char *restrict buffer,
               size_t size, struct passwd **restrict result) {
    (void)name, (void)entry, (void)buffer, (void)size;
    *result = NULL;
    return 0;
}

int getpwuid_r(uid_t uid, struct passwd *restrict entry, char *restrict buffer, size_t size,
               struct passwd **restrict result) {
    (void)uid, (void)entry, (void)buffer, (void)size;
    *result = NULL;
    return 0;
}

struct group *getgrnam(const char *name) {
    (void)name;
    errno = 0;
    return NULL;
}

struct group *getgrgid(gid_t gid) {
    (void)gid;
    errno = 0;
    return NULL;
}

int getgrnam_r(const char *restrict name, struct group *restrict entry, char *restrict buffer,
               size_t size, struct group **restrict result) {
    (void)name, (void)entry, (void)buffer, (void)size;
    *result = NULL;
    return 0;
}

int getgrgid_r(gid_t gid, struct group *restrict entry, char *restrict buffer, size_t size,
               struct group **restrict result) {
    (void)gid, (void)entry, (void)buffer, (void)size;
    *result = NULL;
    return 0;
}

// glob: libssh expands `Include` in configuration files, which davit never reads; libc's expands ~user.

int glob(const char *restrict pattern, int flags, int (*error)(const char *, int),
         glob_t *restrict result) {
    (void)pattern, (void)flags, (void)error;
    result->gl_pathc = 0;
    result->gl_pathv = NULL;
    return GLOB_NOMATCH;
}

void globfree(glob_t *result) { (void)result; }

#endif
