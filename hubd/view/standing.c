#include "hubd/view/standing.h"

#include <inttypes.h>
#include <string.h>

#include "hubd/view/tables.h"
#include "hubd/view/terms.h"

#define ROW_BYTES 45U
#define ACCOUNT_BYTES 17U

unsigned standing_known_flags(const struct standing *row)
{
    return ((row->flags & ROW_CLOCK) != 0 ? FLAG_CLOCK : 0U) |
           ((row->flags & ROW_LEAD) == 0 ? FLAG_NO_LEAD : 0U);
}

/* A row that were taken for none would be made a second time. */
static bool is_sound(struct db_txn *txn, bool sound, uint32_t ordinal)
{
    if (!sound)
        db_fail(txn,
                fail(E_CORRUPT, "what the view keeps of engagement %" PRIu32 " does not decode", ordinal));
    return sound;
}

bool standing_read(struct db_txn *txn, uint32_t ordinal, struct standing *out)
{
    uint8_t key[4];
    struct bytes value;
    put_u32(key, ordinal);
    if (!db_get(txn, VIEW_ENGAGEMENTS, BYTES(key), &value))
        return false;
    struct reader in = reader_of(value);
    read_into(&in, out->id, sizeof out->id);
    out->flags = read_u8(&in);
    out->author = read_u32(&in);
    out->seq = read_u64(&in);
    out->position = read_u64(&in);
    out->start = read_u32(&in);
    out->accounts = read_u32(&in);
    return is_sound(txn, !in.bad && in.left == 0, ordinal);
}

void standing_write(struct db_txn *txn, uint32_t ordinal, const struct standing *row, bool fresh)
{
    uint8_t key[4], value[ROW_BYTES];
    put_u32(key, ordinal);
    memcpy(value, row->id, 16);
    value[16] = row->flags;
    put_u32(value + 17, row->author);
    put_u64(value + 21, row->seq);
    put_u64(value + 29, row->position);
    put_u32(value + 37, row->start);
    put_u32(value + 41, row->accounts);
    if (fresh)
        db_append(txn, VIEW_ENGAGEMENTS, BYTES(key), BYTES(value));
    else
        db_put(txn, VIEW_ENGAGEMENTS, BYTES(key), BYTES(value));
}

/* ---- accounts */

static struct bytes account_key(uint32_t ordinal, uint32_t author, uint8_t key[static 8])
{
    put_u32(key, ordinal);
    put_u32(key + 4, author);
    return bytes_of(key, 8);
}

static bool decode_account(struct bytes key, struct bytes value, struct account *out)
{
    if (key.len != 8 || value.len != ACCOUNT_BYTES)
        return false;
    *out = (struct account){ get_u32(key.data + 4), get_u64(value.data), get_u64(value.data + 8),
                             value.data[16] };
    return true;
}

bool account_read(struct db_txn *txn, uint32_t ordinal, uint32_t author, struct account *out)
{
    uint8_t key[8];
    struct bytes value;
    return db_get(txn, VIEW_ACCOUNTS, account_key(ordinal, author, key), &value) &&
           is_sound(txn, decode_account(BYTES(key), value, out), ordinal);
}

void account_write(struct db_txn *txn, uint32_t ordinal, const struct account *account)
{
    uint8_t key[8], value[ACCOUNT_BYTES];
    put_u64(value, account->seq);
    put_u64(value + 8, account->position);
    value[16] = account->flags;
    db_put(txn, VIEW_ACCOUNTS, account_key(ordinal, account->author, key), BYTES(value));
}

void account_delete(struct db_txn *txn, uint32_t ordinal, uint32_t author)
{
    uint8_t key[8];
    db_delete(txn, VIEW_ACCOUNTS, account_key(ordinal, author, key));
}

bool account_first(struct db_txn *txn, uint32_t ordinal, struct account *out)
{
    AUTO(db_cursor_free) struct db_cursor *cursor = db_cursor(txn, VIEW_ACCOUNTS);
    uint8_t start[8];
    struct bytes key, value;
    struct account account;
    bool any = false;
    bool more = db_seek(cursor, account_key(ordinal, 0, start), &key, &value);
    while (more && key.len >= 4 && get_u32(key.data) == ordinal) {
        if (!is_sound(txn, decode_account(key, value, &account), ordinal))
            return false;
        if (!any || (account.flags & ROW_WITHDRAWN) == 0)
            *out = account;
        any = true;
        if ((account.flags & ROW_WITHDRAWN) == 0)
            break;
        more = db_next(cursor, &key, &value);
    }
    return any;
}

enum err standing_load(struct store_view *log, uint64_t position, struct header *header,
                       struct bytes *payload)
{
    struct bytes entry, salted;
    TRY(store_at(log, position, &entry, &salted));
    if (entry.len != ENTRY_BYTES || header_parse(bytes_of(entry.data, HEADER_BYTES), header) != E_OK)
        return fail(E_CORRUPT, "the entry at position %" PRIu64 " is none", position);
    bool whole = salted.len == (size_t)SALT_BYTES + header->payload_len;
    *payload = whole ? bytes_of(salted.data + SALT_BYTES, header->payload_len) : (struct bytes){ 0 };
    return E_OK;
}
