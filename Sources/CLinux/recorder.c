#define _GNU_SOURCE
#include "CLinux.h"

#include <endian.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

// All that crosses from one process to another goes through these, and a lock inside one would be one per process.
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "the recorder needs 64-bit atomics without a lock");

enum { VERSION = 1, WORDS = davit_slot_size / 8 };
static const char magic[8] = {'d', 'a', 'v', 'i', 't', 'R', 'E', 'C'};

struct header {
    char magic[8];
    uint32_t version, size, slot_size, slots;
    // Every writer changes what follows; it has a cache line of its own.
    char apart[64 - 24];
    _Atomic uint64_t next;
    _Atomic uint64_t pace;
    char rest[64 - 16];
};
_Static_assert(sizeof(struct header) == davit_ring_header_size, "the header has padding");

typedef _Atomic uint64_t slot[WORDS];

// What a slot holds, as one process sees it on its own stack. `sequence` is the ticket plus one; `crc` is over the bytes
// from `part` on that are in use, begun with the sequence, so that a part of another entry never passes for this one's.
union content {
    uint64_t words[WORDS];
    struct {
        uint64_t sequence;
        uint32_t crc;
        // Which of how many slots of the entry; how many bytes follow these four; how many of the text are the name.
        uint8_t part, parts, length, name;
        union {
            struct {
                uint64_t time;
                int32_t pid;
                struct davit_event event;
                char text[88];
            } first;
            char more[112];
        };
    };
};
enum {
    COVERED = offsetof(union content, part),
    HEAD = offsetof(union content, first.text) - offsetof(union content, first),
    FIRST_TEXT = sizeof((union content *)0)->first.text,
    MORE_TEXT = sizeof((union content *)0)->more,
};
_Static_assert(sizeof(union content) == davit_slot_size, "a slot has padding");
_Static_assert(HEAD + FIRST_TEXT == MORE_TEXT, "the first slot has padding");
_Static_assert(FIRST_TEXT + 15 * MORE_TEXT == davit_longest_text, "a text is 16 slots long");

static struct header *header(struct davit_ring ring) { return ring.base; }
static slot *slots(struct davit_ring ring) {
    return (slot *)((char *)ring.base + davit_ring_header_size);
}

// MARK: CRC32C (Castagnoli), eight bytes at a time.

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

uint32_t davit_crc32c(uint32_t start, const void *bytes, size_t count) {
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

static uint32_t checksum(const union content *content) {
    uint32_t start = (uint32_t)(content->sequence ^ content->sequence >> 32);
    return davit_crc32c(start, (const char *)content + COVERED, 4 + (size_t)content->length);
}

// MARK: Making and checking

void davit_ring_make(void *base, uint32_t count) {
    struct header *made = base;
    made->version = VERSION;
    made->size = davit_ring_header_size;
    made->slot_size = davit_slot_size;
    made->slots = count;
    memcpy(made->magic, magic, sizeof magic);
}

struct davit_ring davit_ring_adopt(void *base, size_t size, uint32_t *version) {
    struct davit_ring none = {.base = base};
    const struct header *found = base;
    *version = 0;
    if (size < davit_ring_header_size || memcmp(found->magic, magic, sizeof magic)) return none;
    *version = found->version;
    // Asked once: what the header says later must not lead out of the memory.
    uint32_t count = found->slots;
    if (*version != VERSION || found->size != davit_ring_header_size ||
        found->slot_size != davit_slot_size || !count || count & (count - 1) ||
        (size - davit_ring_header_size) / davit_slot_size < count)
        return none;
    // getpid(2) costs more than an event may.
    return (struct davit_ring){.base = base, .slots = count, .pid = getpid()};
}

// MARK: Writing

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_BOOTTIME, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void publish(struct davit_ring ring, uint64_t ticket, union content *content) {
    content->sequence = ticket + 1;
    content->crc = checksum(content);
    _Atomic uint64_t *to = slots(ring)[ticket & (ring.slots - 1)];
    // Who reads meanwhile sees that there is nothing, and who is killed here leaves nothing.
    atomic_store_explicit(&to[0], 0, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
    size_t words = (16 + (size_t)content->length + 7) / 8;
    for (size_t word = 1; word < words; word++)
        atomic_store_explicit(&to[word], content->words[word], memory_order_relaxed);
    atomic_store_explicit(&to[0], content->sequence, memory_order_release);
}

void davit_ring_write(
    struct davit_ring ring, const struct davit_event *event, const char *text, size_t name,
    size_t count) {
    if (count > davit_longest_text) count = davit_longest_text;
    size_t first = count < FIRST_TEXT ? count : FIRST_TEXT;
    size_t parts = 1 + (count - first + MORE_TEXT - 1) / MORE_TEXT;
    uint64_t ticket = atomic_fetch_add_explicit(&header(ring)->next, parts, memory_order_relaxed);
    // Zeros, so that nothing that lay on the stack goes out behind the text.
    union content content = {0};
    content.parts = (uint8_t)parts;
    content.length = (uint8_t)(HEAD + first);
    content.name = (uint8_t)(name < first ? name : first);
    content.first.time = now();
    content.first.pid = ring.pid;
    content.first.event = *event;
    memcpy(content.first.text, text, first);
    publish(ring, ticket, &content);
    for (size_t part = 1, done = first; part < parts; part++) {
        size_t piece = count - done < MORE_TEXT ? count - done : MORE_TEXT;
        memset(content.more, 0, MORE_TEXT);
        memcpy(content.more, text + done, piece);
        content.part = (uint8_t)part;
        content.length = (uint8_t)piece;
        content.name = 0;
        publish(ring, ticket + part, &content);
        done += piece;
    }
}

_Bool davit_ring_allows(struct davit_ring ring, uint32_t most, uint32_t seconds) {
    uint64_t window = now() / 1000000000 / seconds << 16;
    uint64_t seen = atomic_load_explicit(&header(ring)->pace, memory_order_relaxed);
    uint64_t wanted;
    do {
        if (seen >> 16 << 16 != window) {
            wanted = window | 1;
        } else if ((seen & 0xFFFF) < most) {
            wanted = seen + 1;
        } else {
            return 0;
        }
    } while (!atomic_compare_exchange_weak_explicit(
        &header(ring)->pace, &seen, wanted, memory_order_relaxed, memory_order_relaxed));
    return 1;
}

// MARK: Reading

uint64_t davit_ring_next(struct davit_ring ring) {
    return atomic_load_explicit(&header(ring)->next, memory_order_acquire);
}

static _Bool copy(struct davit_ring ring, uint64_t ticket, union content *content) {
    _Atomic uint64_t *from = slots(ring)[ticket & (ring.slots - 1)];
    content->sequence = atomic_load_explicit(&from[0], memory_order_acquire);
    if (content->sequence != ticket + 1) return 0;
    for (int word = 1; word < WORDS; word++)
        content->words[word] = atomic_load_explicit(&from[word], memory_order_relaxed);
    atomic_thread_fence(memory_order_acquire);
    return atomic_load_explicit(&from[0], memory_order_relaxed) == content->sequence &&
           content->length <= MORE_TEXT && content->crc == checksum(content);
}

int davit_ring_read(
    struct davit_ring ring, uint64_t ticket, struct davit_entry *entry, char *text) {
    union content content;
    if (!copy(ring, ticket, &content) || content.part != 0 || content.parts == 0 ||
        content.length < HEAD || content.name > content.length - HEAD)
        return 0;
    size_t count = content.length - (size_t)HEAD;
    entry->time = content.first.time;
    entry->pid = content.first.pid;
    entry->event = content.first.event;
    entry->name = content.name;
    memcpy(text, content.first.text, count);
    int parts = content.parts;
    for (int part = 1; part < parts; part++) {
        if (!copy(ring, ticket + (uint64_t)part, &content) || content.part != part ||
            content.parts != parts || count + content.length > davit_longest_text)
            return 0;
        memcpy(text + count, content.more, content.length);
        count += content.length;
    }
    entry->count = (uint32_t)count;
    return parts;
}
