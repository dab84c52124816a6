#include "book.h"

#include <stdlib.h>

#include "core/run.h"

static struct copy **slot_of(const struct book *book, const struct hash *id)
{
    return &book->slots[get_u64(id->b) & (book->slot_count - 1)];
}

static void grow(struct book *book)
{
    struct copy **old = book->slots;
    size_t count = book->slot_count;
    book->slot_count = count > 0 ? 2 * count : 256;
    book->slots = mem_alloc(book->slot_count * sizeof(struct copy *));
    for (size_t i = 0; i < count; i++)
        for (struct copy *copy = old[i], *next; copy != NULL; copy = next) {
            struct copy **slot = slot_of(book, &copy->id);
            next = copy->next;
            copy->next = *slot;
            *slot = copy;
        }
    free(old);
}

static struct copy *add(struct book *book, const struct record *record, bool present)
{
    struct copy *copy = mem_alloc(sizeof *copy + book->packed.len);
    copy->id = record->id;
    copy->seq = record->header.seq;
    copy->visibility = record_visibility(record);
    copy->present = present;
    copy->len = book->packed.len;
    memcpy(copy->bytes, book->packed.data, book->packed.len);
    struct copy **slot = slot_of(book, &copy->id);
    copy->next = *slot;
    *slot = copy;
    book->count++;
    return copy;
}

struct copy *book_keep(struct book *book, const struct record *record, bool with_payload)
{
    if (book->count >= book->slot_count)
        grow(book);
    struct record kept = *record;
    kept.has_payload = record->has_payload && with_payload;
    book->packed.len = 0;
    run_append(&book->packed, &kept);
    for (struct copy *copy = *slot_of(book, &kept.id); copy != NULL; copy = copy->next)
        if (copy->len == book->packed.len && memcmp(copy->bytes, book->packed.data, copy->len) == 0)
            return copy;
    return add(book, &kept, kept.has_payload);
}

void book_clear(struct book *book)
{
    for (size_t i = 0; i < book->slot_count; i++)
        for (struct copy *copy = book->slots[i], *next; copy != NULL; copy = next) {
            next = copy->next;
            free(copy);
        }
    free(book->slots);
    buf_clear(&book->packed);
    *book = (struct book){ 0 };
}
