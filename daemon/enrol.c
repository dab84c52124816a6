#include "daemon/enrol.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/run.h"
#include "daemon/accept.h"
#include "net/wire.h"

enum err enrol_ask(struct node *node, uint32_t message_id, struct buf *frame)
{
    AUTO(store_done) struct store_view *view = NULL;
    AUTO(buf_clear) struct buf inception = { 0 };
    size_t count = 0;
    TRY(store_read(node->store, &view));
    TRY(store_pack(view, &node->home.author, 0, MAX_BATCH_BYTES, 1, &inception, &count));
    if (count != 1)
        return fail(E_CORRUPT, "the store does not hold this node's inception");
    struct sync_message message = { .type = SYNC_ENROL, .enrol = { buf_view(&inception) } };
    wire_encode(&message, message_id, frame);
    return E_OK;
}

static void make_member(struct peer_row *row)
{
    row->state = PEER_MEMBER;
    row->since_ms = clock_wall_ms();
    row->reason[0] = 0;
    memset(row->invite_secret, 0, sizeof row->invite_secret);
}

/* What the office calls itself, where that is a name. */
static void take_name(struct peer_row *row, const struct record *record)
{
    struct inception inception;
    if (inception_read(record->payload, &inception) == E_OK && inception.name[0] != 0)
        snprintf(row->name, sizeof row->name, "%s", inception.name);
}

static enum err check_hub(const struct peer_row *row, struct bytes packed, struct record *record)
{
    if (run_next(&packed, record) != E_OK || packed.len > 0 || !record->has_payload ||
        record->header.kind != KIND_IDENTITY || record->header.payload_type != TYPE_INCEPTION)
        return fail(E_DENIED, "the hub did not show an inception");
    struct hash author = author_of(record->payload);
    if (!hash_equal(&author, &row->author))
        return fail(E_DENIED, "the hub is not the one that the token names");
    return E_OK;
}

static enum err keep_row(struct node *node, struct peer_row *row, const struct peer_row *changed)
{
    AUTO(store_abort) struct store_txn *txn = NULL;
    TRY(store_begin(node->store, &txn));
    if (!peer_change(txn, row, changed))
        return fail(E_EXISTS, "the operator changed this peer meanwhile");
    TRY(node_wrote(node, store_commit(&txn)));
    *row = *changed;
    return E_OK;
}

enum err enrol_finish(struct node *node, struct peer_row *row, struct bytes packed)
{
    struct record record;
    TRY(check_hub(row, packed, &record));
    struct peer_row member = *row;
    make_member(&member);
    take_name(&member, &record);

    AUTO(store_abort) struct store_txn *txn = NULL;
    TRY(store_begin(node->store, &txn));
    if (node->options.follow == FOLLOW_OFFICE)
        TRY(accept_inception(txn, &row->author, packed));
    if (!peer_change(txn, row, &member))
        return fail(E_EXISTS, "the operator changed this peer meanwhile");
    TRY(node_wrote(node, store_commit(&txn)));
    *row = member;
    return E_OK;
}

enum err enrol_refused(struct node *node, struct peer_row *row, const char *reason)
{
    struct peer_row refused = *row;
    refused.state = PEER_REFUSED;
    refused.since_ms = clock_wall_ms();
    snprintf(refused.reason, sizeof refused.reason, "%s", reason);
    memset(refused.invite_secret, 0, sizeof refused.invite_secret);
    return keep_row(node, row, &refused);
}

enum err enrol_known(struct node *node, struct peer_row *row)
{
    struct peer_row member = *row;
    make_member(&member);
    return keep_row(node, row, &member);
}
