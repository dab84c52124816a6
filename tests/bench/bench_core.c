/* bench_core: what one thread of this machine does with the bytes alone: no disk, no network. One line a
 * figure. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "core/feed.h"
#include "core/merkle.h"
#include "core/run.h"

#define FIGURE_US 1000000U
#define PAYLOAD_BYTES 508 /* with entry and salt 732 bytes a record */

static void report(const char *what, uint64_t count, uint64_t us, const char *unit)
{
    double rate = us > 0 ? (double)count * 1e6 / (double)us : 0;
    double each = count > 0 ? (double)us / (double)count : 0;
    printf("%-44s %12.0f %s/s   %8.3f us each\n", what, rate, unit, each);
}

/* Calls work(context), which does `each` of something, for about a second. */
static void measure(const char *what, const char *unit, uint64_t each, void (*work)(void *context),
                    void *context)
{
    uint64_t count = 0, begin = clock_mono_us(), end = begin;
    for (; end - begin < FIGURE_US; end = clock_mono_us()) {
        work(context);
        count += each;
    }
    report(what, count, end - begin, unit);
}

/* A chain of records in one packed run, as a feed sends it. */
struct chain {
    struct secret secret;
    struct buf packed;
    struct feed feed; /* as it stands before the first of them */
    struct record records[MAX_RUN_RECORDS];
};

static void chain_make(struct chain *chain, size_t count)
{
    uint8_t seed[32] = { 0x11 }, salted[SALT_BYTES + PAYLOAD_BYTES] = { 7 }, entry[ENTRY_BYTES];
    secret_from_seed(seed, &chain->secret);
    struct header h = {
        .version = 1, .kind = KIND_STATEMENT, .payload_len = PAYLOAD_BYTES, .payload_type = 1
    };
    memset(h.prev.b, 0xaa, HASH_BYTES);
    feed_init(&chain->feed, &h.author);
    chain->feed.next = 1;
    chain->feed.head = h.prev;
    chain->feed.record_key = chain->secret.public_key;
    for (size_t i = 0; i < count; i++) {
        h.seq = i + 1;
        salted[0] = (uint8_t)i;
        h.commit = payload_commit(salted, bytes_of(salted + SALT_BYTES, PAYLOAD_BYTES));
        record_sign(&h, &chain->secret, entry);
        h.prev = hash_leaf(BYTES(entry));
        run_append_parts(&chain->packed, entry, BYTES(salted));
    }
}

static void hash_one_leaf(void *context)
{
    struct chain *chain = context;
    struct hash id = hash_leaf(bytes_of(chain->packed.data, ENTRY_BYTES));
    chain->packed.data[0] = id.b[0]; /* so that nothing is left out as unused */
}

static void hash_one_payload(void *context)
{
    struct chain *chain = context;
    struct hash commit =
        payload_commit(chain->packed.data, bytes_of(chain->packed.data + SALT_BYTES, PAYLOAD_BYTES));
    chain->packed.data[0] = commit.b[0];
}

static void sign_one(void *context)
{
    struct chain *chain = context;
    uint8_t signature[SIGNATURE_BYTES];
    sign_record(&chain->secret, bytes_of(chain->packed.data, HEADER_BYTES), signature);
}

static void verify_one(void *context)
{
    struct chain *chain = context;
    struct record r;
    if (record_parse(bytes_of(chain->packed.data, ENTRY_BYTES), &r) != E_OK ||
        !record_verify(&r, &chain->secret.public_key))
        abort();
}

/* What a receiver does: parse, open every payload, walk the chain, verify the last signature. */
static void take_run(void *context)
{
    struct chain *chain = context;
    struct bytes rest = buf_view(&chain->packed);
    struct feed feed = chain->feed;
    size_t count = 0, accepted = 0;
    if (run_parse(&rest, chain->records, MAX_RUN_RECORDS, &count) != E_OK || rest.len > 0)
        abort();
    if (feed_take(&feed, chain->records, count, &accepted) != E_OK || accepted != count)
        abort();
}

static void append_leaf(void *context)
{
    static const struct hash leaf = { { 1 } };
    merkle_append(context, &leaf, NULL, NULL);
}

static void bench_runs(void)
{
    static const size_t lengths[] = { 1, 16, 256 };
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct chain chain = { 0 };
        char what[64];
        chain_make(&chain, lengths[i]);
        snprintf(what, sizeof what, "runs of %zu taken, %d B a record", lengths[i],
                 ENTRY_BYTES + SALT_BYTES + PAYLOAD_BYTES);
        measure(what, "rec", lengths[i], take_run, &chain);
        buf_clear(&chain.packed);
    }
}

int main(void)
{
    struct chain one = { 0 };
    struct merkle tree = { 0 };
    if (id_init() != E_OK)
        return 1;
    chain_make(&one, 1);
    measure("Ed25519 signatures verified", "sig", 1, verify_one, &one);
    measure("Ed25519 signatures made", "sig", 1, sign_one, &one);
    measure("SHA-256 of 193 B (hash_leaf)", "hash", 1, hash_one_leaf, &one);
    measure("SHA-256 of 560 B (payload_commit)", "hash", 1, hash_one_payload, &one);
    measure("leaves appended to the tree", "leaf", 1, append_leaf, &tree);
    bench_runs();
    buf_clear(&one.packed);
    return 0;
}
