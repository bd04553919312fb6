#define _GNU_SOURCE
#include "CLab.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <unistd.h>

enum { CHUNK = 1 << 20, IV_SECTOR = 512 };

static int encrypt_chunk(EVP_CIPHER_CTX *context, uint8_t *bytes, size_t size, off_t position,
                         size_t sector_size) {
    for (size_t at = 0; at < size; at += sector_size) {
        uint64_t sector = ((uint64_t)position + at) / IV_SECTOR;
        uint8_t iv[16] = {0};
        for (int i = 0; i < 8; i++) iv[i] = (uint8_t)(sector >> (8 * i));
        int written = 0;
        if (EVP_EncryptInit_ex(context, NULL, NULL, NULL, iv) != 1 ||
            EVP_EncryptUpdate(context, bytes + at, &written, bytes + at, (int)sector_size) != 1 ||
            written != (int)sector_size)
            return EIO;
    }
    return 0;
}

static int copy_encrypted(EVP_CIPHER_CTX *context, uint8_t *buffer, int plain, int cipher,
                          off_t offset, off_t length, size_t sector_size) {
    for (off_t position = 0; position < length; position += CHUNK) {
        size_t size = length - position < CHUNK ? (size_t)(length - position) : CHUNK;
        ssize_t got = pread(plain, buffer, size, position);
        if (got != (ssize_t)size) return got < 0 ? errno : EIO;
        int failed = encrypt_chunk(context, buffer, size, position, sector_size);
        if (failed) return failed;
        ssize_t put = pwrite(cipher, buffer, size, offset + position);
        if (put != (ssize_t)size) return put < 0 ? errno : EIO;
    }
    return 0;
}

int lab_encrypt_payload(int plain, int cipher, off_t offset, off_t length, const uint8_t *key,
                        size_t key_size, size_t sector_size) {
    const EVP_CIPHER *mode = key_size == 64 ? EVP_aes_256_xts()
                             : key_size == 32 ? EVP_aes_128_xts()
                                              : NULL;
    if (!mode || sector_size == 0 || CHUNK % sector_size || length % (off_t)sector_size)
        return EINVAL;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    uint8_t *buffer = malloc(CHUNK);
    int failed = ENOMEM;
    if (context && buffer)
        failed = EVP_EncryptInit_ex(context, mode, NULL, key, NULL) == 1
                     ? copy_encrypted(context, buffer, plain, cipher, offset, length, sector_size)
                     : EIO;
    free(buffer);
    EVP_CIPHER_CTX_free(context);
    return failed;
}

void lab_sha256(const uint8_t *bytes, size_t size, uint8_t *sum) {
    EVP_Digest(bytes, size, sum, NULL, EVP_sha256(), NULL);
}
