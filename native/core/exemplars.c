/* See the header. A text is, for each label, a byte with the size of its name, one with that of its value, and both. */
#include "exemplars.h"

#include "amounts.h"
#include "catalog.h"
#include "cpu.h"
#include "exponential.h"
#include "life.h"
#include "lock.h"
#include "reader.h"

#include <math.h>
#include <string.h>

#define CLAIM_MILLISECONDS 1000
#define MOST_READS         3
#define MOST_CHARACTERS    128 /* of all names and values, as OpenMetrics has it */

struct text {
    uint32_t size;
    char bytes[PCM_MAX_EXEMPLAR_BYTES];
};

/* ---------------------------------------------------------------- slots */

static uint32_t slots_of(const pcm_family_definition *definition) {
    if (definition->type == PCM_COUNTER)
        return 1;
    if (definition->type != PCM_HISTOGRAM && definition->type != PCM_NATIVE_HISTOGRAM)
        return 0;
    uint32_t buckets = pcm_definition_bucket_count(definition);
    bool is_native = definition->type == PCM_NATIVE_HISTOGRAM;
    return is_native && buckets > PCM_NATIVE_EXEMPLARS ? PCM_NATIVE_EXEMPLARS : buckets;
}

struct pcm__exemplar_slot *pcm__exemplar_slots(const struct pcm_store *store, uint32_t link, uint32_t *count) {
    uint64_t length;
    struct pcm__record head;
    uint64_t offset = (uint64_t)link * 8;
    if (link == 0 || pcm__catalog_length(store, &length) != PCM_OK || offset >= length ||
        pcm__catalog_record(store, offset, length, &head) != PCM_OK || head.kind != PCM__RECORD_EXEMPLARS ||
        head.size < sizeof(struct pcm__exemplar_record))
        return NULL;
    char *record = pcm__store_at(store, store->geometry.catalog_offset + offset);
    *count = (uint32_t)((head.size - sizeof(struct pcm__exemplar_record)) / sizeof(struct pcm__exemplar_slot));
    return (struct pcm__exemplar_slot *)(record + sizeof(struct pcm__exemplar_record));
}

/* Whether the series' record has room for the exemplars of its family; it may have been another series' before. */
static bool has_slots(const struct pcm_store *store, const struct pcm__series_record *record, uint32_t wanted) {
    uint32_t count;
    uint32_t link = atomic_load_explicit(&record->exemplars, memory_order_acquire);
    return pcm__exemplar_slots(store, link, &count) != NULL && count >= wanted;
}

static int make_slots(struct pcm_store *store, struct pcm__series_record *record, uint32_t count) {
    uint64_t offset;
    uint64_t size = sizeof(struct pcm__exemplar_record) + (uint64_t)count * sizeof(struct pcm__exemplar_slot);
    int status = pcm__catalog_append_zeros(store, size, PCM__RECORD_EXEMPLARS, &offset);
    if (status == PCM_OK)
        atomic_store_explicit(&record->exemplars, (uint32_t)(offset / 8), memory_order_release);
    return status;
}

int pcm_series_keep_exemplars(pcm_store *store, pcm_series_id series, uint32_t *life) {
    struct pcm__series_view view;
    const pcm_family_definition *definition;
    if (store->read_only)
        return PCM_READ_ONLY;
    int status = pcm__store_lock(store);
    if (status != PCM_OK)
        return status;
    status = pcm__series_find(store, series, &view, &definition);
    if (status == PCM_OK && slots_of(definition) == 0)
        status = PCM_ARGUMENT;
    if (status == PCM_OK && !has_slots(store, view.record, slots_of(definition)))
        status = make_slots(store, view.record, slots_of(definition));
    if (status == PCM_OK)
        *life = atomic_load_explicit(&view.record->life, memory_order_relaxed);
    pcm__store_unlock(store);
    return status;
}

/* ---------------------------------------------------------------- texts */

static bool is_name(pcm_bytes name) {
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!is_letter && (i == 0 || c < '0' || c > '9'))
            return false;
    }
    return name.size > 0;
}

static uint32_t characters(pcm_bytes text) {
    uint32_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        count += ((unsigned char)text.data[i] & 0xc0) != 0x80;
    return count;
}

static int encode(const pcm_bytes *names, const pcm_bytes *values, uint32_t count, struct text *out) {
    uint32_t length = 0;
    memset(out, 0, sizeof *out);
    if (count > PCM_MAX_EXEMPLAR_LABELS)
        return PCM_ARGUMENT;
    for (uint32_t i = 0; i < count; i++) {
        /* Sizes by themselves first, so that their sum cannot overflow. */
        if (!is_name(names[i]) || names[i].size > PCM_MAX_EXEMPLAR_BYTES || values[i].size > PCM_MAX_EXEMPLAR_BYTES ||
            out->size + 2 + names[i].size + values[i].size > PCM_MAX_EXEMPLAR_BYTES)
            return PCM_ARGUMENT;
        length += characters(names[i]) + characters(values[i]);
        char *to = out->bytes + out->size;
        to[0] = (char)names[i].size;
        to[1] = (char)values[i].size;
        memcpy(to + 2, names[i].data, names[i].size);
        memcpy(to + 2 + names[i].size, values[i].data, values[i].size);
        out->size += 2 + (uint32_t)(names[i].size + values[i].size);
    }
    return length <= MOST_CHARACTERS ? PCM_OK : PCM_ARGUMENT;
}

/* The labels of a text that may be anything; those that do not fit are left out. */
static void decode(const struct text *text, uint32_t count, pcm_exemplar *out) {
    uint32_t at = 0;
    memcpy(out->text, text->bytes, sizeof out->text);
    out->label_count = 0;
    for (uint32_t i = 0; i < count && i < PCM_MAX_EXEMPLAR_LABELS && at + 2 <= text->size; i++) {
        uint32_t name = (unsigned char)out->text[at];
        uint32_t value = (unsigned char)out->text[at + 1];
        if (at + 2 + name + value > text->size)
            return;
        out->names[i] = (pcm_bytes){out->text + at + 2, name};
        out->values[i] = (pcm_bytes){out->text + at + 2 + name, value};
        if (!is_name(out->names[i]))
            return;
        at += 2 + name + value;
        out->label_count = i + 1;
    }
}

/* ---------------------------------------------------------------- writing and reading a slot */

static uint64_t checksum(const uint64_t *words) {
    uint64_t sum = UINT64_C(0xcbf29ce484222325);
    for (uint32_t i = 1; i < PCM__EXEMPLAR_WORDS; i++) {
        sum = (sum ^ words[i]) * UINT64_C(0x100000001b3);
        sum ^= sum >> 29;
    }
    return sum;
}

static void write_slot(struct pcm__exemplar_slot *slot, uint64_t now, uint64_t *words) {
    uint64_t old = atomic_load_explicit(&slot->claim, memory_order_relaxed);
    uint64_t mine = now * 2 + 1;
    if (old % 2 == 1 && now - old / 2 < CLAIM_MILLISECONDS)
        return;
    if (!atomic_compare_exchange_strong_explicit(&slot->claim, &old, mine, memory_order_acquire, memory_order_relaxed))
        return;
    words[0] = checksum(words);
    for (uint32_t i = 0; i < PCM__EXEMPLAR_WORDS; i++)
        atomic_store_explicit(&slot->words[i], words[i], memory_order_relaxed);
    /* Not if somebody took this thread for dead meanwhile. */
    atomic_compare_exchange_strong_explicit(&slot->claim, &mine, now * 2, memory_order_release, memory_order_relaxed);
}

static uint32_t slot_of(const pcm_family_definition *definition, double value) {
    uint32_t slot = 0;
    if (definition->type == PCM_HISTOGRAM)
        while (slot < definition->bound_count && definition->bounds[slot] < value)
            slot++;
    if (definition->type == PCM_NATIVE_HISTOGRAM) {
        pcm_exponential shape;
        pcm_definition_exponential(definition, &shape);
        slot = pcm__exponential_cell(&shape, value) * slots_of(definition) / pcm_definition_bucket_count(definition);
    }
    return slot;
}

int pcm_exemplar_put(pcm_store *store, pcm_series_id series, uint32_t life, double value, const pcm_bytes *names,
                     const pcm_bytes *values, uint32_t count) {
    struct pcm__series_view view;
    const pcm_family_definition *definition;
    struct text text;
    uint32_t slot_count;
    if (store->read_only)
        return PCM_READ_ONLY;
    int status = isfinite(value) ? encode(names, values, count, &text) : PCM_AMOUNT;
    if (status == PCM_OK)
        status = pcm__series_find(store, series, &view, &definition);
    if (status != PCM_OK)
        return status;
    if (atomic_load_explicit(&view.record->life, memory_order_relaxed) != life)
        return PCM_REMOVED;
    uint32_t link = atomic_load_explicit(&view.record->exemplars, memory_order_acquire);
    struct pcm__exemplar_slot *slots = pcm__exemplar_slots(store, link, &slot_count);
    uint32_t slot = slot_of(definition, value);
    if (slots == NULL || slot >= slot_count || slots_of(definition) == 0)
        return PCM_ARGUMENT;
    uint64_t now = pcm__now_ms();
    uint64_t words[PCM__EXEMPLAR_WORDS] = {0, (uint64_t)life << 32 | count << 16 | text.size, 0, now};
    memcpy(&words[2], &value, sizeof value);
    memcpy(&words[PCM__EXEMPLAR_HEAD_WORDS], text.bytes, sizeof text.bytes);
    write_slot(&slots[slot], now, words);
    return PCM_OK;
}

/* Without the claim, for which a reset would have to wait: what is being written meanwhile is no copy that is whole. */
void pcm__exemplars_forget(const struct pcm_store *store, const struct pcm__series_record *record) {
    uint32_t count = 0;
    uint32_t link = atomic_load_explicit(&record->exemplars, memory_order_acquire);
    struct pcm__exemplar_slot *slots = pcm__exemplar_slots(store, link, &count);
    for (uint32_t i = 0; slots != NULL && i < count; i++)
        atomic_store_explicit(&slots[i].words[1], 0, memory_order_relaxed);
}

/* A copy that is whole; false where there is none, or writers were faster each time. */
static bool read_slot(const struct pcm__exemplar_slot *slot, uint64_t *words) {
    for (int turn = 0; turn < MOST_READS; turn++) {
        for (uint32_t i = 0; i < PCM__EXEMPLAR_WORDS; i++)
            words[i] = atomic_load_explicit(&slot->words[i], memory_order_relaxed);
        if (words[0] == checksum(words))
            return true;
    }
    return false;
}

bool pcm_reader_any_exemplars(const pcm_reader *reader) {
    return reader->any_exemplars;
}

bool pcm_reader_has_exemplars(const pcm_reader *reader, uint32_t series) {
    return reader->settled[series].exemplars != 0;
}

int pcm_reader_exemplar(const pcm_reader *reader, uint32_t series, uint32_t bucket, pcm_exemplar *out) {
    uint64_t words[PCM__EXEMPLAR_WORDS];
    uint32_t count;
    struct text text;
    const struct pcm__settled *settled = &reader->settled[series];
    const struct pcm__exemplar_slot *slots = pcm__exemplar_slots(reader->store, settled->exemplars, &count);
    if (slots == NULL || bucket >= count || !read_slot(&slots[bucket], words) ||
        words[1] >> 32 != reader->series[series].life || words[3] < settled->created_at_ms)
        return PCM_NOT_FOUND;
    text.size = words[1] & 0xffff;
    if (text.size > PCM_MAX_EXEMPLAR_BYTES)
        return PCM_NOT_FOUND;
    memcpy(text.bytes, &words[PCM__EXEMPLAR_HEAD_WORDS], sizeof text.bytes);
    memcpy(&out->value, &words[2], sizeof out->value);
    out->timestamp_ms = words[3];
    decode(&text, words[1] >> 16 & 0xffff, out);
    return PCM_OK;
}
