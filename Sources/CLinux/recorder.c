#define _GNU_SOURCE
#include "CLinux.h"

#include <endian.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

// All that crosses from one process to another goes through these, and a lock inside one would be one per process.
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "the recorder needs 64-bit atomics without a lock");

enum { WORDS = davit_slot_size / 8 };
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

// The words of a slot. Its number, plus one; the checksum in the lower half and a `form` in the upper one; then, in the first
// slot of an entry, three words about it, and text to the end. A piece of text ends with zeros in its last word.
enum {
    SEQUENCE,
    FORM,
    TIME,
    PROCESS,
    EVENT,
    FIRST_TEXT,
    MORE_TEXT = TIME,
};

// How a slot is used.
struct form {
    // Which of how many slots of the entry; bytes of text in this one; how many of those are the name.
    uint8_t part, parts, length, name;
};

enum { FIRST_LENGTH = 8 * (WORDS - FIRST_TEXT), MORE_LENGTH = 8 * (WORDS - MORE_TEXT) };
_Static_assert(FIRST_LENGTH + 15 * MORE_LENGTH == davit_longest_text, "a text is 16 slots long");

static struct header *header(struct davit_ring ring) { return ring.base; }
static slot *slots(struct davit_ring ring) {
    return (slot *)((char *)ring.base + davit_ring_header_size);
}

static uint32_t packed(struct form form) {
    return form.part | form.parts << 8 | form.length << 16 | (uint32_t)form.name << 24;
}

static struct form unpacked(uint64_t word) {
    return (struct form){
        (uint8_t)(word >> 32), (uint8_t)(word >> 40), (uint8_t)(word >> 48), (uint8_t)(word >> 56)};
}

// How many words of a slot are in use.
static size_t used(struct form form) {
    return (form.part ? MORE_TEXT : FIRST_TEXT) + ((size_t)form.length + 7) / 8;
}

// Of all that is in use: its number too, so that a part of another entry never passes for this one's.
//
// The time comes last: while the processor waits for the clock it computes the others.
static uint32_t checksum(const uint64_t *words, struct form form) {
    uint32_t crc = davit_crc32c(packed(form), words + TIME + 1, 8 * (used(form) - TIME - 1));
    crc = davit_crc32c(crc, words + TIME, 8);
    return crc ^ (uint32_t)(words[SEQUENCE] ^ words[SEQUENCE] >> 32);
}

// MARK: Making and checking

void davit_ring_make(void *base, uint32_t count) {
    struct header *made = base;
    made->version = davit_ring_version;
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
    if (*version != davit_ring_version || found->size != davit_ring_header_size ||
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

static void put(uint64_t *words, const char *text, size_t count) {
    for (; count >= 8; count -= 8, text += 8) memcpy(words++, text, 8);
    // Put together here: a processor waits long to load a word of which it has just stored a part.
    uint64_t last = 0;
    for (size_t byte = 0; byte < count; byte++) last |= (uint64_t)(uint8_t)text[byte] << 8 * byte;
    if (count) *words = htole64(last);
}

static void publish(struct davit_ring ring, uint64_t ticket, uint64_t *words, struct form form) {
    words[SEQUENCE] = ticket + 1;
    words[FORM] = (uint64_t)packed(form) << 32 | checksum(words, form);
    _Atomic uint64_t *to = slots(ring)[ticket & (ring.slots - 1)];
    // Who reads meanwhile sees that there is nothing, and who is killed here leaves nothing.
    atomic_store_explicit(&to[SEQUENCE], 0, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
    for (size_t word = FORM; word < used(form); word++)
        atomic_store_explicit(&to[word], words[word], memory_order_relaxed);
    atomic_store_explicit(&to[SEQUENCE], words[SEQUENCE], memory_order_release);
}

void davit_ring_write(
    struct davit_ring ring, struct davit_event event, const char *text, size_t name,
    size_t count) {
    if (count > davit_longest_text) count = davit_longest_text;
    size_t piece = count < FIRST_LENGTH ? count : FIRST_LENGTH;
    size_t parts = 1 + (count - piece + MORE_LENGTH - 1) / MORE_LENGTH;
    uint64_t ticket = atomic_fetch_add_explicit(&header(ring)->next, parts, memory_order_relaxed);
    uint64_t words[WORDS];
    words[PROCESS] = (uint32_t)ring.pid | (uint64_t)event.milliseconds << 32;
    words[EVENT] = (uint32_t)event.code | (uint64_t)event.component << 32 |
                   (uint64_t)event.what << 40 | (uint64_t)event.outcome << 48 |
                   (uint64_t)event.importance << 56;
    put(words + FIRST_TEXT, text, piece);
    words[TIME] = now();
    struct form form = {.parts = (uint8_t)parts, .length = (uint8_t)piece};
    form.name = (uint8_t)(name < piece ? name : piece);
    publish(ring, ticket, words, form);
    while (++form.part < parts) {
        text += piece;
        count -= piece;
        piece = count < MORE_LENGTH ? count : MORE_LENGTH;
        put(words + MORE_TEXT, text, piece);
        form.length = (uint8_t)piece;
        form.name = 0;
        publish(ring, ticket + form.part, words, form);
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

static _Bool copy(
    struct davit_ring ring, uint64_t ticket, uint64_t *words, struct form *form) {
    _Atomic uint64_t *from = slots(ring)[ticket & (ring.slots - 1)];
    words[SEQUENCE] = atomic_load_explicit(&from[SEQUENCE], memory_order_acquire);
    if (words[SEQUENCE] != ticket + 1) return 0;
    for (int word = FORM; word < WORDS; word++)
        words[word] = atomic_load_explicit(&from[word], memory_order_relaxed);
    atomic_thread_fence(memory_order_acquire);
    *form = unpacked(words[FORM]);
    return atomic_load_explicit(&from[SEQUENCE], memory_order_relaxed) == words[SEQUENCE] &&
           used(*form) <= WORDS && (uint32_t)words[FORM] == checksum(words, *form);
}

int davit_ring_read(
    struct davit_ring ring, uint64_t ticket, struct davit_entry *entry, char *text) {
    uint64_t words[WORDS];
    struct form form;
    if (!copy(ring, ticket, words, &form) || form.part != 0 || form.parts == 0 ||
        form.name > form.length)
        return 0;
    entry->time = words[TIME];
    entry->pid = (int32_t)words[PROCESS];
    entry->event = (struct davit_event){
        .milliseconds = (uint32_t)(words[PROCESS] >> 32),
        .code = (int32_t)words[EVENT],
        .component = (uint8_t)(words[EVENT] >> 32),
        .what = (uint8_t)(words[EVENT] >> 40),
        .outcome = (uint8_t)(words[EVENT] >> 48),
        .importance = (uint8_t)(words[EVENT] >> 56),
    };
    entry->name = form.name;
    size_t count = form.length;
    memcpy(text, words + FIRST_TEXT, count);
    int parts = form.parts;
    for (int part = 1; part < parts; part++) {
        if (!copy(ring, ticket + (uint64_t)part, words, &form) || form.part != part ||
            form.parts != parts || count + form.length > davit_longest_text)
            return 0;
        memcpy(text + count, words + MORE_TEXT, form.length);
        count += form.length;
    }
    entry->count = (uint32_t)count;
    return parts;
}
