/*
 * What the threads of a process have taken in of the changes in the store. The slot of the process tells the others the
 * least of it; a process without holders stays where it was, as what it binds has nobody to let go of it.
 */
#include "holder.h"

#include "life.h"
#include "lock.h"
#include "slots.h"

#include <stdlib.h>

struct pcm_holder {
    struct pcm_store *store;
    struct pcm_holder *next;
    uint64_t moved_on;   /* changes that its thread has let go of */
    uint64_t looked_at;  /* changes that it was told about */
    uint32_t attachment; /* of the process that it was made in */
};

static uint64_t changes_of(const struct pcm_store *store) {
    return atomic_load_explicit(&store->header->changes, memory_order_acquire);
}

void pcm__holders_announce(struct pcm_store *store) {
    uint64_t least = UINT64_MAX;
    for (const struct pcm_holder *holder = store->holders; holder != NULL; holder = holder->next)
        if (holder->attachment == store->attachment && holder->moved_on < least)
            least = holder->moved_on;
    if (store->slot == NULL || store->forked || least == UINT64_MAX)
        return;
    /* Release pairs with the acquire in pcm__slots_moved_on(): what was added before is in the lanes. */
    if (least > atomic_load_explicit(&store->slot->moved_on, memory_order_relaxed))
        atomic_store_explicit(&store->slot->moved_on, least, memory_order_release);
}

/* In a forked child, whose slot is still the parent's. */
static int own_slot(struct pcm_store *store) {
    return store->forked ? pcm__slots_adopt_fork(store) : PCM_OK;
}

int pcm_holder_create(pcm_store *store, pcm_holder **out) {
    if (store->read_only)
        return PCM_READ_ONLY;
    pcm_holder *holder = calloc(1, sizeof *holder);
    if (holder == NULL)
        return PCM_NO_MEMORY;
    pthread_mutex_lock(&store->mutex);
    int status = own_slot(store);
    if (status == PCM_OK) {
        /* Not older than what the slot says: what it holds is bound from now on. */
        uint64_t now = changes_of(store);
        *holder = (pcm_holder){store, store->holders, now, now, store->attachment};
        store->holders = holder;
        pcm__holders_announce(store);
    }
    pthread_mutex_unlock(&store->mutex);
    if (status == PCM_OK)
        *out = holder;
    else
        free(holder);
    return status;
}

void pcm_holder_destroy(pcm_holder *holder) {
    if (holder == NULL)
        return;
    pcm_store *store = holder->store;
    pthread_mutex_lock(&store->mutex);
    struct pcm_holder **link = &store->holders;
    while (*link != holder)
        link = &(*link)->next;
    *link = holder->next;
    pcm__holders_announce(store);
    pthread_mutex_unlock(&store->mutex);
    free(holder);
}

bool pcm_holder_is_behind(const pcm_holder *holder) {
    return holder->moved_on != changes_of(holder->store) || holder->attachment != holder->store->attachment ||
           holder->store->forked;
}

void pcm_holder_look(pcm_holder *holder, pcm_series_id *out, size_t size, size_t *count, bool *all) {
    pcm_store *store = holder->store;
    uint64_t now = changes_of(store);
    *count = 0;
    *all = holder->attachment != store->attachment || store->forked || now - holder->moved_on >= PCM__CHANGES;
    for (uint64_t number = holder->moved_on; !*all && number < now; number++) {
        uint32_t link;
        bool is_removal;
        if (!pcm__life_change(store, number, &link, &is_removal) || (is_removal && *count == size))
            *all = true;
        else if (is_removal)
            out[(*count)++] = (uint64_t)link * 8 + 1;
    }
    holder->looked_at = now;
}

int pcm_holder_move_on(pcm_holder *holder) {
    pcm_store *store = holder->store;
    if (holder->moved_on == holder->looked_at && holder->attachment == store->attachment && !store->forked)
        return PCM_OK;
    pthread_mutex_lock(&store->mutex);
    int status = own_slot(store);
    if (status == PCM_OK) {
        /* What a forked child inherited was let go of altogether: from here on it is one of the child's. */
        if (holder->attachment != store->attachment)
            holder->looked_at = changes_of(store);
        holder->attachment = store->attachment;
        holder->moved_on = holder->looked_at;
        pcm__holders_announce(store);
    }
    pthread_mutex_unlock(&store->mutex);
    return status;
}
