/* bench_store: what the store alone can do. One line a figure. bench_store [records] (default 500,000) */
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/limits.h"
#include "store/store.h"

#define PAYLOAD 500U
#define RECORD_BYTES (ENTRY_BYTES + SALT_BYTES + PAYLOAD)
#define TXN_RECORDS 8192U
#define SINGLES 2000U

static char folder[128];
static struct store *store;
static uint8_t entries[MAX_RUN_RECORDS][ENTRY_BYTES];
static uint8_t salted[MAX_RUN_RECORDS][SALT_BYTES + PAYLOAD];
static struct record records[MAX_RUN_RECORDS];

static void must(enum err code)
{
    if (code == E_OK)
        return;
    fprintf(stderr, "bench_store: %s: %s\n", err_name(code), err_message());
    exit(1);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static void open_store(void)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%.90s/chancery-bench-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(folder))
        exit(1);
    must(store_open(
        &(struct store_options){ .folder = folder, .map_bytes = 64ULL << 30, .create = true, .log = true },
        &store));
}

static void drop_store(void)
{
    store_close(&store);
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static struct feed *make_feeds(size_t count)
{
    struct feed *feeds = mem_alloc(count * sizeof(*feeds));
    for (uint64_t i = 0; i < count; i++) {
        struct hash author = hash_bytes(BYTES_OF(i));
        feed_init(&feeds[i], &author);
        random_bytes(feeds[i].record_key.b, KEY_BYTES);
    }
    return feeds;
}

static void fill_records(void)
{
    for (size_t i = 0; i < MAX_RUN_RECORDS; i++) {
        struct header header = { .version = 1, .kind = KIND_STATEMENT, .payload_len = PAYLOAD, .seq = 1 };
        random_bytes(header.prev.b, HASH_BYTES);
        random_bytes(salted[i], sizeof(salted[i]));
        header_write(&header, entries[i]);
        records[i] =
            (struct record){ .header = header, .entry = entries[i], .has_payload = true, .salt = salted[i] };
        records[i].payload = bytes_of(salted[i] + SALT_BYTES, PAYLOAD);
        records[i].id = hash_leaf(BYTES(entries[i]));
    }
}

/* The next run of a feed. What the store does not look at stays as it is. */
static void append_run(struct store_txn *txn, struct feed *feed, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct record *record = &records[i];
        record->header.seq = feed->next++;
        record->header.author = feed->author;
        record->header.kind = record->header.seq ? KIND_STATEMENT : KIND_IDENTITY;
        record->header.payload_type = record->header.seq ? 1 : 100;
        record->header.prev.b[0] = 1;
        if (record->header.seq == 0)
            record->header.prev = (struct hash){ { 0 } };
        header_write(&record->header, entries[i]);
    }
    feed->head = records[count - 1].id;
    store_append(txn, feed, records, count);
}

static uint64_t disk_bytes(void)
{
    char path[160];
    struct stat st;
    snprintf(path, sizeof path, "%s/data.mdb", folder);
    return stat(path, &st) == 0 ? (uint64_t)st.st_blocks * 512 : 0;
}

static void bench_append(size_t total, size_t run, size_t feed_count)
{
    open_store();
    struct feed *feeds = make_feeds(feed_count);
    uint64_t begin = clock_mono_us();
    size_t done = 0;
    while (done < total) {
        struct store_txn *txn;
        must(store_begin(store, &txn));
        for (size_t n = 0; n < TXN_RECORDS; n += run, done += run)
            append_run(txn, &feeds[done / run % feed_count], run);
        must(store_commit(&txn));
    }
    double seconds = (double)(clock_mono_us() - begin) / 1e6;
    double bytes = (double)disk_bytes() / (double)done;
    printf("store append, runs of %zu, %zu feeds, %u a commit: %.0f rec/s\n", run, feed_count, TXN_RECORDS,
           (double)done / seconds);
    printf("store disk, runs of %zu: %.1f bytes/rec = %.3f x (entry + salt + payload of %u)\n", run, bytes,
           bytes / RECORD_BYTES, PAYLOAD);
    free(feeds);
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void bench_singles(void)
{
    static uint64_t us[SINGLES];
    struct feed *feed = make_feeds(1);
    feed->author.b[0] ^= 0xff;
    for (size_t i = 0; i < SINGLES; i++) {
        struct store_txn *txn;
        uint64_t begin = clock_mono_us();
        must(store_begin(store, &txn));
        append_run(txn, feed, 1);
        must(store_commit(&txn));
        us[i] = clock_mono_us() - begin;
    }
    qsort(us, SINGLES, sizeof(us[0]), by_value);
    printf("store commit of one record: p50 %" PRIu64 " us, p99 %" PRIu64 " us\n", us[SINGLES / 2],
           us[SINGLES * 99 / 100]);
    free(feed);
}

static void bench_pack(void)
{
    struct feed *feed = make_feeds(1);
    struct store_view *view;
    AUTO(buf_clear) struct buf out = { 0 };
    uint64_t from = 1;
    size_t count = 0;
    uint64_t begin = clock_mono_us();
    must(store_read(store, &view));
    do {
        out.len = 0;
        must(store_pack(view, &feed->author, from, MAX_BATCH_BYTES, MAX_RUN_RECORDS, &out, &count));
        from += count;
    } while (count > 0 && from < 200000);
    store_done(&view);
    printf("store pack, runs of %u: %.0f rec/s\n", MAX_RUN_RECORDS,
           (double)from / ((double)(clock_mono_us() - begin) / 1e6));
    free(feed);
}

static void bench_proofs(void)
{
    enum { PROOFS = 2000 };
    struct store_view *view;
    struct merkle_path path;
    must(store_read(store, &view));
    uint64_t size = store_size(view);
    uint64_t begin = clock_mono_us();
    for (uint64_t i = 0; i < PROOFS; i++)
        must(store_inclusion(view, random_below(size), size, &path));
    printf("store inclusion proof at %" PRIu64 " records: %.1f us\n", size,
           (double)(clock_mono_us() - begin) / PROOFS);
    begin = clock_mono_us();
    for (uint64_t i = 0; i < PROOFS; i++)
        must(store_consistency(view, 1 + random_below(size), size, &path));
    printf("store consistency proof at %" PRIu64 " records: %.1f us\n", size,
           (double)(clock_mono_us() - begin) / PROOFS);
    store_done(&view);
}

int main(int argc, char **argv)
{
    size_t total = argc > 1 ? strtoul(argv[1], NULL, 10) : 500000;
    must(id_init());
    fill_records();
    bench_append(total / 4, 1, 1000);
    drop_store();
    bench_append(total / 4, 16, 1000);
    drop_store();
    bench_append(total, MAX_RUN_RECORDS, 1000);
    bench_singles();
    drop_store();
    bench_append(total, MAX_RUN_RECORDS, 1);
    bench_pack();
    bench_proofs();
    drop_store();
    return 0;
}
