/* bench_view: what the view alone can do, on made-up engagements that are shaped like the real ones. One line
 * a figure. bench_view [records] (default 100,000) */
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/run.h"
#include "core/statement.h"
#include "hubd/view/view.h"
#include "statement.pb-c.h"

#define AUTHORS 1000U
#define BATCH 8192U
#define SINGLES 500U
#define ROUNDS 300U

static char folder[128];
static struct store *store;
static struct view *view;
static uint64_t payload_bytes;
static uint32_t seed = 12345;

struct voice {
    struct feed feed;
    uint8_t nonce[16];
};
static struct voice voices[AUTHORS];

static void must(enum err code)
{
    if (code == E_OK)
        return;
    fprintf(stderr, "bench_view: %s: %s\n", err_name(code), err_message());
    exit(1);
}

static uint32_t pick(uint32_t limit)
{
    seed = seed * 1664525 + 1013904223;
    return (uint32_t)((uint64_t)(seed >> 8) * limit >> 24);
}

/* Small numbers come often, as in any list of countries or words. */
static uint32_t pick_skewed(uint32_t limit)
{
    return pick(pick(limit) + 1);
}

/* ---- the log. The view trusts the store, so entries are not signed. */

static void append(struct store_txn *txn, struct voice *voice, uint8_t kind, uint32_t type,
                   struct bytes payload)
{
    uint8_t entry[ENTRY_BYTES] = { 0 }, salt[SALT_BYTES] = { 0 };
    struct header header = {
        .version = 1, .kind = kind, .author = voice->feed.author, .seq = voice->feed.next
    };
    header.time_ms = 1700000000000U;
    header.prev = voice->feed.head;
    header.commit = payload_commit(salt, payload);
    header.payload_len = (uint32_t)payload.len;
    header.payload_type = type;
    header_write(&header, entry);
    struct record record;
    must(record_parse(BYTES(entry), &record));
    record.has_payload = true;
    record.salt = salt;
    record.payload = payload;
    voice->feed.head = record.id;
    voice->feed.next++;
    store_append(txn, &voice->feed, &record, 1);
    payload_bytes += payload.len;
}

static void incept(struct store_txn *txn, struct voice *voice, const char *name)
{
    AUTO(buf_clear) struct buf payload = { 0 };
    struct inception inception = { .level = 1 };
    snprintf(inception.name, sizeof inception.name, "%s", name);
    snprintf(inception.geoid, sizeof inception.geoid, "39%05u", pick(99999));
    memset(inception.record_key.b, 9, KEY_BYTES);
    memset(inception.next_commit.b, 9, HASH_BYTES);
    inception_write(&inception, &payload);
    struct hash author = author_of(buf_view(&payload));
    feed_init(&voice->feed, &author);
    append(txn, voice, KIND_IDENTITY, TYPE_INCEPTION, buf_view(&payload));
}

static void admit(struct store_txn *txn, struct voice *hub, const struct voice *voice, const char *name)
{
    AUTO(buf_clear) struct buf payload = { 0 };
    struct admission admission = { .jurisdiction = voice->feed.author, .level = 1 };
    snprintf(admission.name, sizeof admission.name, "%s", name);
    admission_write(&admission, &payload);
    append(txn, hub, KIND_FEDERATION, TYPE_ADMISSION, buf_view(&payload));
}

static void name_word(uint32_t number, char out[static 16])
{
    static const char *const syllables[] = { "ka",  "mo",  "ri",  "ta", "lo",  "ne",  "su",  "bay",
                                             "ver", "don", "mar", "el", "san", "wic", "tor", "hem" };
    out[0] = '\0';
    for (number += 16; number > 0; number >>= 4)
        strcat(out, syllables[number & 15]);
}

/* One engagement about as large as one of the sister-city list. */
static void write_engagement(struct voice *voice, struct buf *out)
{
    static const char *const countries[] = { "JP", "MX", "CN", "DE", "GB", "FR", "IT", "RU", "KR", "PH",
                                             "IL", "IE", "CA", "TW", "PL", "AU", "NI", "IN", "ES", "BR" };
    char partner[16], city[16], title[80], summary[160], region[8], geoid[16], key[20];
    Chancery__Engagement e;
    Chancery__Party with, us, *partners[1] = { &with }, *parties[1] = { &us };
    Chancery__Source source, *sources[1] = { &source };
    Chancery__Theme themes[2] = { (Chancery__Theme)(1 + pick(19)), (Chancery__Theme)(1 + pick(19)) };
    chancery__engagement__init(&e);
    chancery__party__init(&with);
    chancery__party__init(&us);
    chancery__source__init(&source);
    name_word(pick_skewed(4096), partner);
    name_word(pick_skewed(1024), city);
    snprintf(title, sizeof title, "Sister city relation of %s and %s", city, partner);
    name_word(pick_skewed(65536), summary);
    strcat(summary, " harbour exchange");
    snprintf(region, sizeof region, "US-OH");
    region[4] = "HKRX"[pick(4)];
    snprintf(geoid, sizeof geoid, "39%05u", pick(1000));
    snprintf(key, sizeof key, "sc-%08x%06x", pick(1U << 24), pick(1U << 24));
    put_u64(voice->nonce, get_u64(voice->nonce) + 1);
    e.nonce = (ProtobufCBinaryData){ 16, voice->nonce };
    e.kind = (Chancery__Kind)(1 + pick_skewed(19));
    e.status = (Chancery__Status)(1 + pick(4));
    e.instrument = (Chancery__Instrument)(1 + pick(5));
    e.verification = CHANCERY__VERIFICATION__VERIFICATION_THIRD_PARTY_LISTED;
    e.title = title;
    e.summary = summary;
    e.start = (1960 + pick(65)) * 10000;
    e.end = pick(4) == 0 ? e.start + 10000 * pick(5) : 0;
    with.name = partner;
    with.country = (char *)(uintptr_t)countries[pick_skewed(20)];
    us.name = city;
    us.region = region;
    us.geoid = geoid;
    source.dataset = (char *)(uintptr_t) "sis-cities@7143b569";
    source.key = key;
    e.partners = partners;
    e.us = parties;
    e.sources = sources;
    e.n_partners = e.n_us = e.n_sources = 1;
    e.themes = themes;
    e.n_themes = pick(3);
    encode_message(&e.base, out);
}

static void say(struct store_txn *txn, uint32_t author)
{
    AUTO(buf_clear) struct buf payload = { 0 };
    write_engagement(&voices[author], &payload);
    append(txn, &voices[author], KIND_STATEMENT, TYPE_ENGAGEMENT, buf_view(&payload));
}

static void fill(uint64_t records)
{
    static struct voice hub;
    struct store_txn *txn;
    must(store_begin(store, &txn));
    incept(txn, &hub, "us-hub");
    for (uint32_t i = 0; i < AUTHORS; i++) {
        char name[32];
        snprintf(name, sizeof name, "us-oh-city-%04u", i);
        incept(txn, &voices[i], name);
        admit(txn, &hub, &voices[i], name);
        put_u32(voices[i].nonce + 8, i);
    }
    must(store_commit(&txn));
    payload_bytes = 0;
    for (uint64_t done = 0; done < records;) {
        must(store_begin(store, &txn));
        for (uint32_t i = 0; i < BATCH && done < records; i++, done++)
            say(txn, (uint32_t)(done / 256 % AUTHORS));
        must(store_commit(&txn));
    }
}

/* ---- figures */

static int compare_us(const void *a, const void *b)
{
    const uint64_t *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

static void print_times(const char *what, uint64_t *us, size_t count)
{
    qsort(us, count, sizeof *us, compare_us);
    printf("%-58s p50 %7.3f ms, p99 %7.3f ms\n", what, (double)us[count / 2] / 1000,
           (double)us[count * 99 / 100] / 1000);
    fflush(stdout);
}

static void bench_index(uint64_t records)
{
    bool more = true;
    uint64_t start = clock_mono_us();
    while (more)
        must(view_advance(view, BATCH, &more));
    double seconds = (double)(clock_mono_us() - start) / 1e6;
    json_t *stats;
    must(view_stats(view, &stats));
    double bytes = (double)json_integer_value(json_object_get(stats, "used_bytes")) / (double)records;
    double payload = (double)payload_bytes / (double)records;
    printf("index %" PRIu64 " engagements in batches of %u %23.0f rec/s\n", records, BATCH,
           (double)records / seconds);
    printf("view, bytes a record (entry, salt and payload: %.0f) %13.0f (%.2f of them)\n", payload + 224,
           bytes, bytes / (payload + 224));
    json_decref(stats);
}

static void bench_singles(void)
{
    static uint64_t us[SINGLES];
    for (size_t i = 0; i < SINGLES; i++) {
        bool more;
        struct store_txn *txn;
        must(store_begin(store, &txn));
        say(txn, pick(AUTHORS));
        must(store_commit(&txn));
        uint64_t start = clock_mono_us();
        must(view_advance(view, BATCH, &more));
        us[i] = clock_mono_us() - start;
    }
    print_times("one live record indexed, commit included", us, SINGLES);
}

static void bench_query(const char *what, struct view_query query, size_t rounds)
{
    static uint64_t us[ROUNDS];
    char line[160];
    long long total = 0;
    for (size_t i = 0; i < rounds; i++) {
        json_t *answer;
        uint64_t start = clock_mono_us();
        must(view_query(view, &query, &answer));
        us[i] = clock_mono_us() - start;
        total = json_integer_value(json_object_get(answer, "total"));
        json_decref(answer);
    }
    snprintf(line, sizeof line, "%s (%lld found)", what, total);
    print_times(line, us, rounds);
}

static void bench_queries(void)
{
    const char *one = "country:JP", *two = "country:JP,KR kind:sister_relation";
    const char *three = "country:JP,KR -status:ended since:2000";
    bench_query("first page, one term", (struct view_query){ .text = one }, ROUNDS);
    bench_query("first page, two terms", (struct view_query){ .text = two }, ROUNDS);
    bench_query("first page, three terms", (struct view_query){ .text = three }, ROUNDS);
    bench_query("first page, a rare word", (struct view_query){ .text = "samori" }, ROUNDS);
    bench_query("first page, everything", (struct view_query){ 0 }, ROUNDS);
    bench_query("groups by kind, three terms", (struct view_query){ .text = three, .group_by = "kind" },
                ROUNDS);
    bench_query("groups by country of everything", (struct view_query){ .group_by = "country" }, ROUNDS);
    bench_query("groups by country and year of everything", (struct view_query){ .group_by = "country,year" },
                10);
    bench_query("first page, phrase",
                (struct view_query){ .text = "\"harbour exchange\" country:KR year:1999" }, 20);
    bench_query("first page by title, two terms",
                (struct view_query){ .text = "geoid:3900007 theme:sport", .sort = "title" }, 20);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

int main(int argc, char **argv)
{
    uint64_t records = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000;
    const char *tmp = getenv("TMPDIR");
    char path[160];
    must(id_init());
    snprintf(folder, sizeof folder, "%.90s/chancery-bench-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(folder))
        return 1;
    snprintf(path, sizeof path, "%s/store", folder);
    must(store_open(
        &(struct store_options){ .folder = path, .map_bytes = 64ULL << 30, .create = true, .log = true },
        &store));
    snprintf(path, sizeof path, "%s/view", folder);
    must(view_open(path, 64ULL << 30, store, &view));
    fill(records);
    bench_index(records);
    bench_singles();
    bench_queries();
    view_close(&view);
    store_close(&store);
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}
