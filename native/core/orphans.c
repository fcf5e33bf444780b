/* See orphans.h. */
#include "orphans.h"

#include "life.h"
#include "lock.h"
#include "slots.h"

static uint64_t owner_of(const struct pcm_store *store, uint32_t link) {
    const struct pcm__series_record *record = pcm__life_record(store, link);
    return record == NULL ? 0 : atomic_load_explicit(&record->owner, memory_order_relaxed);
}

bool pcm__is_orphan(const struct pcm_store *store, uint32_t link) {
    uint64_t owner = owner_of(store, link);
    return owner != 0 && !pcm__slots_is_alive(store, owner);
}

bool pcm__is_owned_by(const struct pcm_store *store, uint32_t link, uint64_t owner) {
    return owner != 0 && owner_of(store, link) == owner;
}

static int remove_all(struct pcm_store *store) {
    int status = PCM_OK;
    uint32_t count = pcm__index_series_count(&store->index);
    for (uint32_t number = 0; status == PCM_OK && number < count; number++) {
        const struct pcm__series *series = pcm__index_series(&store->index, number);
        if (pcm__life_is_lived(series->life) && pcm__is_orphan(store, series->record))
            status = pcm__life_end(store, series->record);
    }
    return status == PCM_OK ? pcm__index_read(store) : status;
}

int pcm_store_remove_orphans(pcm_store *store) {
    if (store->read_only)
        return PCM_READ_ONLY;
    /* Nobody waits for this: what cannot be removed now is removed with the next call. */
    if (!pcm__slots_any_orphans(store) || pcm__file_is_locked(store->fd, PCM__LOCK_OFFSET, 1))
        return PCM_OK;
    int status = pcm__store_lock(store);
    if (status != PCM_OK)
        return status;
    pcm__slots_gather_orphans(store);
    status = remove_all(store);
    if (status == PCM_OK)
        store->header->orphans = 0;
    pcm__store_unlock(store);
    return status;
}
