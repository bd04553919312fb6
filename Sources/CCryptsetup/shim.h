// libcryptsetup and what it stands on, for Swift: macros that are computed are not imported, so they are constants here.
#pragma once

#include <json-c/json_c_version.h>
#include <libcryptsetup.h>
#include <libdevmapper.h>
#include <openssl/crypto.h>

static const uint32_t davit_CRYPT_ACTIVATE_READONLY = CRYPT_ACTIVATE_READONLY;
static const uint32_t davit_CRYPT_ACTIVATE_ALLOW_DISCARDS = CRYPT_ACTIVATE_ALLOW_DISCARDS;
static const uint32_t davit_CRYPT_ACTIVATE_SAME_CPU_CRYPT = CRYPT_ACTIVATE_SAME_CPU_CRYPT;
static const uint32_t davit_CRYPT_ACTIVATE_SUBMIT_FROM_CRYPT_CPUS =
    CRYPT_ACTIVATE_SUBMIT_FROM_CRYPT_CPUS;
static const uint32_t davit_CRYPT_ACTIVATE_NO_READ_WORKQUEUE = CRYPT_ACTIVATE_NO_READ_WORKQUEUE;
static const uint32_t davit_CRYPT_ACTIVATE_NO_WRITE_WORKQUEUE = CRYPT_ACTIVATE_NO_WRITE_WORKQUEUE;
static const uint32_t davit_CRYPT_PBKDF_NO_BENCHMARK = CRYPT_PBKDF_NO_BENCHMARK;

/// libdevmapper reports through one variadic function; its words are of use to nobody who opens a LUKS device,
/// because libcryptsetup says the same with the device's name.
static inline void davit_dm_silence(int level, const char *file, int line, int code,
                                    const char *format, ...) {
    (void)level, (void)file, (void)line, (void)code, (void)format;
}
static inline void davit_dm_be_silent(void) { dm_log_with_errno_init(davit_dm_silence); }

static const uint32_t davit_CRYPT_TCRYPT_LEGACY_MODES = CRYPT_TCRYPT_LEGACY_MODES;
static const uint32_t davit_CRYPT_TCRYPT_HIDDEN_HEADER = CRYPT_TCRYPT_HIDDEN_HEADER;
static const uint32_t davit_CRYPT_TCRYPT_SYSTEM_HEADER = CRYPT_TCRYPT_SYSTEM_HEADER;
static const uint32_t davit_CRYPT_TCRYPT_VERA_MODES = CRYPT_TCRYPT_VERA_MODES;
