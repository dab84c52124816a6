#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/statement.h"
#include "hostile.h"

#define DAY_MS 86400000ULL

/* A record to be: all right until a misdeed changes it. */
struct draft {
    struct header header;
    uint8_t salt[SALT_BYTES];
    struct buf payload;
    struct buf packed;
    uint32_t count; /* what the batch says */
    struct hash author;
};

static void draft_clear(struct draft *draft)
{
    buf_clear(&draft->payload);
    buf_clear(&draft->packed);
}

/* An Engagement: nonce (field 1), kind (field 3) sister_relation, title (field 4), padded by a summary of no
 * meaning (an unknown field) to at least so many bytes. */
static void write_payload(size_t least, struct buf *out)
{
    uint8_t nonce[16];
    random_bytes(nonce, sizeof nonce);
    buf_u16(out, 0x0a10);
    buf_append(out, nonce, sizeof nonce);
    buf_u16(out, 0x1801);
    buf_u16(out, 0x2205);
    buf_text(out, "rogue");
    if (out->len >= least)
        return;
    size_t len = least - out->len;
    const uint8_t tag_and_length[] = { 0xfa, 0x3f, (uint8_t)(len | 0x80), (uint8_t)(len >> 7 | 0x80),
                                       (uint8_t)(len >> 14) };
    buf_append(out, tag_and_length, sizeof tag_and_length);
    zeros(out, len);
}

static void begin_draft(const struct hostile *h, struct draft *out)
{
    *out = (struct draft){ .author = h->home.author, .count = 1 };
    random_bytes(out->salt, sizeof out->salt);
    write_payload(0, &out->payload);
    out->header = (struct header){ .version = 1,
                                   .kind = KIND_STATEMENT,
                                   .author = h->home.author,
                                   .seq = h->next,
                                   .time_ms = clock_wall_ms(),
                                   .prev = h->head,
                                   .payload_type = TYPE_ENGAGEMENT };
}

/* Signs the header as it stands, and packs the record behind those that are packed already. */
static struct hash seal(const struct hostile *h, struct draft *draft)
{
    uint8_t entry[ENTRY_BYTES];
    if (draft->header.payload_len == 0)
        draft->header.payload_len = (uint32_t)draft->payload.len;
    draft->header.commit = payload_commit(draft->salt, buf_view(&draft->payload));
    record_sign(&draft->header, &h->home.record, entry);
    buf_append(&draft->packed, entry, sizeof entry);
    buf_u8(&draft->packed, 1);
    buf_append(&draft->packed, draft->salt, SALT_BYTES);
    buf_bytes(&draft->packed, buf_view(&draft->payload));
    return hash_leaf(bytes_of(entry, sizeof entry));
}

static enum err send(struct hostile *h, const struct draft *draft)
{
    struct sync_message message = { .type = SYNC_BATCH };
    message.batch.author = draft->author;
    message.batch.first_seq = draft->header.seq;
    message.batch.count = draft->count;
    message.batch.records = buf_view(&draft->packed);
    return link_send(h, &message);
}

static enum err expect_ack(struct hostile *h, uint64_t next)
{
    TRY(link_expect(h, SYNC_ACK));
    if (h->in.message.ack.next != next)
        return fail(E_UNMET, "expected to be acknowledged up to %" PRIu64, next);
    return E_OK;
}

static enum err expect_nack(struct hostile *h, uint64_t seq, enum err code, bool final)
{
    TRY(link_expect(h, SYNC_NACK));
    const struct sync_message *m = &h->in.message;
    if (m->nack.seq != seq || m->nack.code != code || m->nack.final != final)
        return fail(E_UNMET, "expected record %" PRIu64 " to be refused for \"%s\", final %d", seq,
                    err_name(code), final);
    return E_OK;
}

/* One record as it should be, which must be taken. */
static enum err send_good(struct hostile *h)
{
    AUTO(draft_clear) struct draft draft;
    begin_draft(h, &draft);
    struct hash id = seal(h, &draft);
    TRY(send(h, &draft));
    TRY(expect_ack(h, h->next + 1));
    h->head = id;
    h->next++;
    return E_OK;
}

/* ---- records that are wrong by themselves: before they are signed, or after */

static void wrong_kind(struct draft *d)
{
    d->header.kind = 9;
}
static void wrong_flags(struct draft *d)
{
    d->header.flags = 3;
}
static void wrong_epoch(struct draft *d)
{
    d->header.epoch = 1;
}
static void wrong_prev(struct draft *d)
{
    d->header.prev.b[7] ^= 1;
}
static void wrong_author(struct draft *d)
{
    d->header.author.b[7] ^= 1;
}
static void oversized_length(struct draft *d)
{
    d->header.payload_len = MAX_PAYLOAD_BYTES + 1;
}
static void greatest_length(struct draft *d)
{
    d->header.payload_len = UINT32_MAX;
}
static void clock_at_the_beginning(struct draft *d)
{
    d->header.time_ms = 1;
}
static void clock_years_ahead(struct draft *d)
{
    d->header.time_ms += 3650 * DAY_MS;
}
static void clock_at_the_end(struct draft *d)
{
    d->header.time_ms = UINT64_MAX;
}
static void empty_identity(struct draft *d)
{
    d->header.kind = KIND_IDENTITY, d->header.payload_type = 101;
}

static void wrong_version(struct draft *d)
{
    d->packed.data[0] = 2;
}
static void truncated(struct draft *d)
{
    d->packed.len -= 10;
}
static void flipped_header(struct draft *d)
{
    d->packed.data[55] ^= 1;
}
static void flipped_signature(struct draft *d)
{
    d->packed.data[HEADER_BYTES + 40] ^= 1;
}
static void flipped_payload(struct draft *d)
{
    d->packed.data[d->packed.len - 1] ^= 1;
}

static const struct wrong {
    const char *name;
    void (*before)(struct draft *), (*after)(struct draft *);
    enum err code; /* E_OK: it is taken all the same */
    bool final;
} wrongs[] = {
    { "wrong-kind", wrong_kind, NULL, E_MALFORMED, true },
    { "wrong-flags", wrong_flags, NULL, E_MALFORMED, true },
    { "wrong-epoch", wrong_epoch, NULL, E_EPOCH, true },
    { "wrong-prev", wrong_prev, NULL, E_BROKEN_CHAIN, true },
    { "wrong-author", wrong_author, NULL, E_MALFORMED, true },
    { "oversized-length", oversized_length, NULL, E_MALFORMED, true },
    { "greatest-length", greatest_length, NULL, E_MALFORMED, true },
    { "empty-identity", empty_identity, NULL, E_MALFORMED, true },
    { "clock-at-the-beginning", clock_at_the_beginning, NULL, E_OK, false },
    { "clock-years-ahead", clock_years_ahead, NULL, E_OK, false },
    { "clock-at-the-end", clock_at_the_end, NULL, E_OK, false },
    { "wrong-version", NULL, wrong_version, E_MALFORMED, true },
    { "truncated", NULL, truncated, E_MALFORMED, true },
    { "flipped-header", NULL, flipped_header, E_BAD_SIGNATURE, false },
    { "flipped-signature", NULL, flipped_signature, E_BAD_SIGNATURE, false },
    { "flipped-payload", NULL, flipped_payload, E_OK, false },
};

static enum err send_wrong(struct hostile *h, const struct wrong *wrong)
{
    AUTO(draft_clear) struct draft draft;
    begin_draft(h, &draft);
    if (wrong->before != NULL)
        wrong->before(&draft);
    seal(h, &draft);
    if (wrong->after != NULL)
        wrong->after(&draft);
    TRY(send(h, &draft));
    return wrong->code == E_OK ? expect_ack(h, h->next + 1)
                               : expect_nack(h, h->next, wrong->code, wrong->final);
}

/* ---- records that are wrong where they stand */

static enum err good(struct hostile *h)
{
    return send_good(h);
}

static enum err duplicated(struct hostile *h)
{
    AUTO(draft_clear) struct draft draft;
    begin_draft(h, &draft);
    seal(h, &draft);
    TRY(send(h, &draft));
    TRY(expect_ack(h, h->next + 1));
    TRY(send(h, &draft));
    return expect_ack(h, h->next + 1);
}

static enum err gapped(struct hostile *h)
{
    AUTO(draft_clear) struct draft draft;
    begin_draft(h, &draft);
    draft.header.seq++;
    seal(h, &draft);
    TRY(send(h, &draft));
    TRY(expect_nack(h, h->next, E_GAP, false));
    return send_good(h); /* on the same link */
}

static enum err out_of_order(struct hostile *h)
{
    AUTO(draft_clear) struct draft first;
    AUTO(draft_clear) struct draft second;
    begin_draft(h, &first);
    begin_draft(h, &second);
    second.header.prev = seal(h, &first);
    second.header.seq++;
    seal(h, &second);
    TRY(send(h, &second));
    TRY(expect_nack(h, h->next, E_GAP, false));
    TRY(send(h, &first));
    TRY(expect_ack(h, h->next + 1));
    TRY(send(h, &second));
    return expect_ack(h, h->next + 2);
}

static enum err forked(struct hostile *h)
{
    AUTO(draft_clear) struct draft one;
    AUTO(draft_clear) struct draft other;
    begin_draft(h, &one);
    begin_draft(h, &other);
    seal(h, &one);
    seal(h, &other);
    TRY(send(h, &one));
    TRY(expect_ack(h, h->next + 1));
    TRY(send(h, &other));
    return expect_nack(h, h->next, E_FORK, true);
}

/* A good record, and bytes behind it that are none, which the batch counts or does not: the good one is
 * taken. */
static enum err send_with_tail(struct hostile *h, uint32_t count)
{
    AUTO(draft_clear) struct draft draft;
    begin_draft(h, &draft);
    seal(h, &draft);
    zeros(&draft.packed, 500);
    draft.count = count;
    TRY(send(h, &draft));
    TRY(expect_ack(h, h->next + 1));
    return expect_nack(h, h->next + 1, E_MALFORMED, true);
}

static enum err trailing(struct hostile *h)
{
    return send_with_tail(h, 1);
}

static enum err lying_count(struct hostile *h)
{
    return send_with_tail(h, 2);
}

/* What was refused for now may come again, as it should have been. */
static enum err mended(struct hostile *h)
{
    AUTO(draft_clear) struct draft draft;
    begin_draft(h, &draft);
    seal(h, &draft);
    flipped_signature(&draft);
    TRY(send(h, &draft));
    TRY(expect_nack(h, h->next, E_BAD_SIGNATURE, false));
    flipped_signature(&draft);
    TRY(send(h, &draft));
    return expect_ack(h, h->next + 1);
}

/* The hub never asked for its own feed: what comes of it is dropped, for it may have been under way. */
static enum err hubs_feed(struct hostile *h)
{
    AUTO(draft_clear) struct draft draft;
    begin_draft(h, &draft);
    draft.author = h->hub.author;
    seal(h, &draft);
    TRY(send(h, &draft));
    return send_good(h);
}

/* ---- batches that no link may carry: strikes */

static enum err another_feed(struct hostile *h)
{
    AUTO(draft_clear) struct draft draft;
    begin_draft(h, &draft);
    draft.author.b[0] ^= 1;
    seal(h, &draft);
    return send(h, &draft);
}

static enum err runt(struct hostile *h)
{
    AUTO(draft_clear) struct draft draft;
    begin_draft(h, &draft);
    seal(h, &draft);
    draft.packed.len = 100;
    return send(h, &draft);
}

static enum err last_seq(struct hostile *h)
{
    AUTO(draft_clear) struct draft draft;
    begin_draft(h, &draft);
    seal(h, &draft);
    draft.header.seq = UINT64_MAX;
    return send(h, &draft);
}

static enum err two_of(struct hostile *h, size_t bytes)
{
    AUTO(draft_clear) struct draft draft;
    begin_draft(h, &draft);
    draft.payload.len = 0;
    write_payload(bytes, &draft.payload);
    draft.header.prev = seal(h, &draft);
    draft.header.seq++;
    seal(h, &draft);
    draft.header.seq = h->next;
    draft.count = 2;
    return send(h, &draft);
}

/* The window of the hub in bad_input.bats is 64 KiB. */
static enum err over_credit(struct hostile *h)
{
    return two_of(h, 60000);
}

static enum err over_batch(struct hostile *h)
{
    return two_of(h, 200000);
}

static const struct placed {
    const char *name;
    enum err (*misdeed)(struct hostile *h);
    bool provokes;
} placed[] = {
    { "good", good, false },
    { "duplicated", duplicated, false },
    { "gapped", gapped, false },
    { "out-of-order", out_of_order, false },
    { "forked", forked, false },
    { "mended", mended, false },
    { "trailing", trailing, false },
    { "lying-count", lying_count, false },
    { "another-feed", another_feed, true },
    { "hubs-feed", hubs_feed, false },
    { "runt", runt, true },
    { "last-seq", last_seq, true },
    { "over-credit", over_credit, true },
    { "over-batch", over_batch, true },
};

#define COUNT(table) (sizeof(table) / sizeof *(table))

enum err records_misdeed(struct hostile *h, const char *name)
{
    for (size_t i = 0; i < COUNT(wrongs); i++) {
        if (strcmp(wrongs[i].name, name) != 0)
            continue;
        TRY(link_greet(h));
        return send_wrong(h, &wrongs[i]);
    }
    for (size_t i = 0; i < COUNT(placed); i++) {
        if (strcmp(placed[i].name, name) != 0)
            continue;
        TRY(link_greet(h));
        return placed[i].provokes ? link_provoke(h, placed[i].misdeed, 1) : placed[i].misdeed(h);
    }
    return fail(E_NOT_FOUND, "no such misdeed: %s", name);
}

void records_names(void)
{
    for (size_t i = 0; i < COUNT(wrongs); i++)
        printf("%s\n", wrongs[i].name);
    for (size_t i = 0; i < COUNT(placed); i++)
        printf("%s\n", placed[i].name);
}
