/* view_log: a hub's log for tests of the view: real feeds, real signatures, statements said in one line. */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "core/run.h"
#include "core/statement.h"
#include "scratch.h"
#include "statement.pb-c.h"
#include "store/store.h"

#define LOG_START_MS 1700000000000U

/* One feed. */
struct voice {
    struct secret secret;
    struct feed feed;
    char name[MAX_NAME_BYTES + 1];
};

struct view_log {
    struct store *store;
    struct store_txn *txn; /* open until log_commit */
    struct voice hub;
    uint64_t time_ms;
    uint64_t size;
};

/* What a statement says; empty members are left out. Lists are separated by '|'. */
struct said {
    uint64_t nonce;         /* the lead's; or */
    const uint8_t *subject; /* somebody else's */
    int kind, status, instrument, verification, standing;
    int themes[4];
    uint32_t start, end, year;
    const char *title, *summary, *partner, *countries, *us, *regions, *geoids, *network, *form, *dataset;
    int us_type;
};

static inline void log_or_die(enum err code)
{
    if (code == E_OK)
        return;
    fprintf(stderr, "view_log: %s\n", err_message());
    abort();
}

static inline void log_begin(struct view_log *log)
{
    if (log->txn == NULL)
        log_or_die(store_begin(log->store, &log->txn));
}

static inline void log_commit(struct view_log *log)
{
    if (log->txn != NULL)
        log_or_die(store_commit(&log->txn));
}

/* Appends one record of voice; its seq. withheld: without its payload. */
static inline uint64_t log_put(struct view_log *log, struct voice *voice, uint8_t kind, uint32_t type,
                               struct bytes payload, bool withheld)
{
    AUTO(buf_clear) struct buf packed = { 0 };
    uint8_t salt[SALT_BYTES] = { 1 };
    uint64_t seq = voice->feed.next;
    log_begin(log);
    log_or_die(
        feed_append(&voice->feed, &voice->secret, kind, 0, type, log->time_ms++, salt, payload, &packed));
    struct bytes rest = buf_view(&packed);
    struct record record;
    log_or_die(run_next(&rest, &record));
    record.has_payload = record.has_payload && !withheld;
    store_append(log->txn, &voice->feed, &record, 1);
    log_or_die(store_error(log->txn));
    log->size++;
    return seq;
}

/* As log_put, but unsigned and ten times quicker: the store trusts who appends. */
static inline void log_put_unsigned(struct view_log *log, struct voice *voice, uint32_t type,
                                    struct bytes payload)
{
    uint8_t entry[ENTRY_BYTES] = { 0 }, salt[SALT_BYTES] = { 0 };
    struct header header = { .version = 1, .kind = KIND_STATEMENT, .author = voice->feed.author };
    header.epoch = voice->feed.epoch;
    header.seq = voice->feed.next;
    header.time_ms = log->time_ms;
    header.prev = voice->feed.head;
    header.payload_len = (uint32_t)payload.len;
    header.payload_type = type;
    header_write(&header, entry);
    struct record record;
    log_or_die(record_parse(BYTES(entry), &record));
    record.has_payload = true;
    record.salt = salt;
    record.payload = payload;
    voice->feed.head = record.id;
    voice->feed.next++;
    log_begin(log);
    store_append(log->txn, &voice->feed, &record, 1);
    log->size++;
}

static inline void voice_begin(struct voice *voice, const char *name, uint64_t number)
{
    uint8_t seed[32] = { 0 };
    put_u64(seed, number);
    *voice = (struct voice){ 0 };
    snprintf(voice->name, sizeof voice->name, "%s", name);
    secret_from_seed(seed, &voice->secret);
}

static inline void log_incept(struct view_log *log, struct voice *voice, const char *geoid, uint32_t level)
{
    AUTO(buf_clear) struct buf payload = { 0 };
    struct inception inception = { .level = level, .record_key = voice->secret.public_key };
    snprintf(inception.name, sizeof inception.name, "%s", voice->name);
    snprintf(inception.title, sizeof inception.title, "The office of %s", voice->name);
    snprintf(inception.geoid, sizeof inception.geoid, "%s", geoid);
    inception.next_commit = next_commit(&voice->secret.public_key);
    memcpy(inception.nonce, voice->secret.seed, sizeof inception.nonce);
    inception_write(&inception, &payload);
    struct hash author = author_of(buf_view(&payload));
    feed_init(&voice->feed, &author);
    log_put(log, voice, KIND_IDENTITY, TYPE_INCEPTION, buf_view(&payload), false);
}

static inline void log_tick(struct view_log *log)
{
    AUTO(buf_clear) struct buf payload = { 0 };
    tick_write(log->time_ms, &payload);
    log_put(log, &log->hub, KIND_FEDERATION, TYPE_TICK, buf_view(&payload), false);
}

static inline void log_admit(struct view_log *log, const struct hash *author, const char *name,
                             const char *geoid, uint32_t level)
{
    AUTO(buf_clear) struct buf payload = { 0 };
    struct admission admission = { .jurisdiction = *author, .level = level };
    snprintf(admission.name, sizeof admission.name, "%s", name);
    snprintf(admission.geoid, sizeof admission.geoid, "%s", geoid);
    admission_write(&admission, &payload);
    log_put(log, &log->hub, KIND_FEDERATION, TYPE_ADMISSION, buf_view(&payload), false);
}

/* An admitted jurisdiction; number makes its keys. */
static inline void log_join(struct view_log *log, struct voice *voice, const char *name, const char *geoid,
                            uint64_t number)
{
    voice_begin(voice, name, number);
    log_incept(log, voice, geoid, 1);
    log_admit(log, &voice->feed.author, name, geoid, 1);
}

/* An empty store in scratch/store, with the hub's inception and a first tick. */
static inline void log_open(struct view_log *log)
{
    AUTO(free_ptr) char *folder = NULL;
    *log = (struct view_log){ .time_ms = LOG_START_MS };
    if (asprintf(&folder, "%s/store", scratch) < 0)
        abort();
    struct store_options options = { .folder = folder, .map_bytes = 1ULL << 32, .create = true, .log = true };
    log_or_die(store_open(&options, &log->store));
    voice_begin(&log->hub, "us-hub", 1);
    log_incept(log, &log->hub, "", 13);
    log_tick(log);
    log_commit(log);
}

static inline void log_close(struct view_log *log)
{
    store_abort(&log->txn);
    store_close(&log->store);
}

/* ---- payloads */

static inline size_t said_split(const char *list, char parts[8][64])
{
    size_t n = 0;
    for (const char *at = list; at != NULL && n < 8; n++) {
        size_t len = strcspn(at, "|");
        snprintf(parts[n], 64, "%.*s", (int)len, at);
        at = at[len] == '|' ? at + len + 1 : NULL;
    }
    return n;
}

struct said_parties {
    Chancery__Party party[8];
    Chancery__Party *list[8];
    char names[8][64], countries[8][64], regions[8][64], geoids[8][64];
    size_t count;
};

static inline void said_fill(struct said_parties *p, const char *names, const char *countries,
                             const char *regions, const char *geoids, int type)
{
    memset(p, 0, sizeof *p);
    size_t counts[4] = { said_split(names, p->names), said_split(countries, p->countries),
                         said_split(regions, p->regions), said_split(geoids, p->geoids) };
    for (size_t i = 0; i < 4; i++)
        p->count = counts[i] > p->count ? counts[i] : p->count;
    for (size_t i = 0; i < p->count; i++) {
        chancery__party__init(&p->party[i]);
        p->party[i].name = p->names[i];
        p->party[i].country = p->countries[i];
        p->party[i].region = p->regions[i];
        p->party[i].geoid = p->geoids[i];
        p->party[i].type = (Chancery__PartyType)type;
        p->list[i] = &p->party[i];
    }
}

static inline char *said_text(const char *text)
{
    return (char *)(uintptr_t)(text != NULL ? text : "");
}

static inline void said_write(const struct said *said, struct buf *out)
{
    struct said_parties partners, us;
    uint8_t nonce[16] = { 0 };
    Chancery__Theme themes[4];
    Chancery__Engagement e;
    Chancery__Membership membership;
    Chancery__ForeignMission mission;
    Chancery__Disclosure disclosure;
    Chancery__Source source, *sources[1] = { &source };
    chancery__engagement__init(&e);
    chancery__membership__init(&membership);
    chancery__foreign_mission__init(&mission);
    chancery__disclosure__init(&disclosure);
    chancery__source__init(&source);
    put_u64(nonce, said->nonce);
    if (said->subject != NULL)
        e.subject = (ProtobufCBinaryData){ 16, (uint8_t *)(uintptr_t)said->subject };
    else
        e.nonce = (ProtobufCBinaryData){ 16, nonce };
    e.kind = (Chancery__Kind)said->kind;
    e.status = (Chancery__Status)said->status;
    e.instrument = (Chancery__Instrument)said->instrument;
    e.verification = (Chancery__Verification)said->verification;
    e.standing = (Chancery__Standing)said->standing;
    e.title = said_text(said->title);
    e.summary = said_text(said->summary);
    e.start = said->start;
    e.end = said->end;
    for (; e.n_themes < 4 && said->themes[e.n_themes] != 0; e.n_themes++)
        themes[e.n_themes] = (Chancery__Theme)said->themes[e.n_themes];
    e.themes = themes;
    said_fill(&partners, said->partner, said->countries, NULL, NULL, 1);
    said_fill(&us, said->us, NULL, said->regions, said->geoids, said->us_type);
    e.partners = partners.list;
    e.n_partners = partners.count;
    e.us = us.list;
    e.n_us = us.count;
    if (said->network != NULL) {
        membership.network = said_text(said->network);
        e.membership = &membership;
    }
    if (said->form != NULL) {
        mission.form_given = said_text(said->form);
        e.mission = &mission;
    }
    if (said->year != 0) {
        disclosure.year = said->year;
        e.disclosure = &disclosure;
    }
    if (said->dataset != NULL) {
        source.dataset = said_text(said->dataset);
        e.sources = sources;
        e.n_sources = 1;
    }
    encode_message(&e.base, out);
}

/* Says it; its seq. */
static inline uint64_t log_say(struct view_log *log, struct voice *voice, struct said said)
{
    AUTO(buf_clear) struct buf payload = { 0 };
    said_write(&said, &payload);
    return log_put(log, voice, KIND_STATEMENT, TYPE_ENGAGEMENT, buf_view(&payload), false);
}

/* Withdraws what was said with that nonce or subject. */
static inline uint64_t log_retract(struct view_log *log, struct voice *voice, struct said said)
{
    AUTO(buf_clear) struct buf old = { 0 }, payload = { 0 };
    said_write(&said, &old);
    log_or_die(retraction_write(buf_view(&old), 1, "", &payload));
    return log_put(log, voice, KIND_STATEMENT, TYPE_RETRACTION, buf_view(&payload), false);
}

/* The id of the engagement that voice leads with that nonce. */
static inline void said_id(const struct voice *voice, uint64_t number, uint8_t id[static 16])
{
    uint8_t nonce[16] = { 0 };
    put_u64(nonce, number);
    engagement_id(&voice->feed.author, nonce, id);
}
