// What the lab needs of C: the dm-crypt payload of an image, and Linux calls that Glibc's module
// map does not carry.
#ifndef DAVIT_CLAB_H
#define DAVIT_CLAB_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#pragma clang assume_nonnull begin

/// Writes `length` bytes of `plain` to `cipher` at `offset`, encrypted as dm-crypt's
/// aes-xts-plain64 does: the initialisation vector counts 512-byte sectors whatever `sector_size`.
/// Returns 0, or an errno value.
int lab_encrypt_payload(int plain, int cipher, off_t offset, off_t length, const uint8_t *key,
                        size_t key_size, size_t sector_size);

/// Where `pattern` stands in `bytes` from `start` on, or -1.
ssize_t lab_find(const uint8_t *bytes, size_t size, size_t start, const uint8_t *pattern, size_t length);

/// The 32 bytes of SHA-256.
void lab_sha256(const uint8_t *bytes, size_t size, uint8_t *sum);

/// A raw packet socket in the network namespace `namespace_fd`, bound to `interface`, or -1 with
/// errno set. The calling thread stays in that namespace: give it a thread of its own.
int lab_packet_socket(int namespace_fd, const char *interface);

/// A pipe that no program inherits: -1 with errno set, or 0.
int lab_pipe(int *ends);

/// As posix_spawn, in a new session, with descriptors above 2 closed. Returns an errno value.
int lab_spawn(pid_t *process, const char *path, char *_Nullable const *_Nonnull arguments,
              char *_Nullable const *_Nonnull environment, int input, int output, int error);

#pragma clang assume_nonnull end

#endif
