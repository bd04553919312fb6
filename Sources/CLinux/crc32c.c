// CRC32C (Castagnoli): by the processor's own instruction where it has one, else by tables, eight bytes at a time.

#include "CLinux.h"

#include <endian.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#define CRC_TARGET __attribute__((target("sse4.2")))
#define crc_of_word(crc, word) ((uint32_t)__builtin_ia32_crc32di(crc, word))
#define crc_of_byte(crc, byte) __builtin_ia32_crc32qi(crc, byte)

static _Bool has_instruction(void) {
    unsigned eax, ebx, ecx = 0, edx;
    return __get_cpuid(1, &eax, &ebx, &ecx, &edx) && ecx & bit_SSE4_2;
}
#elif defined(__aarch64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#include <asm/hwcap.h>
#include <sys/auxv.h>
#define CRC_TARGET __attribute__((target("crc")))
#define crc_of_word(crc, word) __builtin_arm_crc32cd(crc, word)
#define crc_of_byte(crc, byte) __builtin_arm_crc32cb(crc, byte)

static _Bool has_instruction(void) { return getauxval(AT_HWCAP) & HWCAP_CRC32; }
#endif

static uint32_t table[8][256];

__attribute__((constructor)) static void make_table(void) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t rest = byte;
        for (int bit = 0; bit < 8; bit++) rest = rest >> 1 ^ (rest & 1 ? 0x82F63B78 : 0);
        table[0][byte] = rest;
    }
    for (int step = 1; step < 8; step++)
        for (int byte = 0; byte < 256; byte++) {
            uint32_t rest = table[step - 1][byte];
            table[step][byte] = rest >> 8 ^ table[0][rest & 0xFF];
        }
}

uint32_t davit_crc32c_by_table(uint32_t start, const void *bytes, size_t count) {
    const uint8_t *next = bytes;
    uint32_t crc = ~start;
    for (; count >= 8; count -= 8, next += 8) {
        uint64_t word;
        memcpy(&word, next, 8);
        word = le64toh(word) ^ crc;
        crc = table[7][word & 0xFF] ^ table[6][word >> 8 & 0xFF] ^ table[5][word >> 16 & 0xFF] ^
              table[4][word >> 24 & 0xFF] ^ table[3][word >> 32 & 0xFF] ^
              table[2][word >> 40 & 0xFF] ^ table[1][word >> 48 & 0xFF] ^ table[0][word >> 56];
    }
    for (; count; count--, next++) crc = crc >> 8 ^ table[0][(crc ^ *next) & 0xFF];
    return ~crc;
}

#ifdef CRC_TARGET
CRC_TARGET static uint32_t by_instruction(uint32_t start, const uint8_t *next, size_t count) {
    uint32_t crc = ~start;
    for (; count >= 8; count -= 8, next += 8) {
        uint64_t word;
        memcpy(&word, next, 8);
        crc = crc_of_word(crc, word);
    }
    for (; count; count--, next++) crc = crc_of_byte(crc, *next);
    return ~crc;
}

static _Bool instruction;

__attribute__((constructor)) static void look(void) { instruction = has_instruction(); }
#endif

uint32_t davit_crc32c(uint32_t start, const void *bytes, size_t count) {
#ifdef CRC_TARGET
    if (instruction) return by_instruction(start, bytes, count);
#endif
    return davit_crc32c_by_table(start, bytes, count);
}
