/* view_bench: a view beside a small log with three jurisdictions, and how to ask it. */
#pragma once

#include "hubd/view/view.h"

#include "view_log.h"

/* behind our headers: its fail() is a macro */
#include <cmocka.h>

#define MAP_BYTES (1ULL << 32)

static struct view_log record_log;
static struct voice dayton, tampa, austin;
static struct view *view;
static char folder[160];

static inline void open_view(void)
{
    view_close(&view);
    assert_int_equal(view_open(folder, MAP_BYTES, record_log.store, &view), E_OK);
}

static inline int view_up(void **state)
{
    if (id_init() != E_OK || scratch_make(state) != 0)
        return -1;
    snprintf(folder, sizeof folder, "%s/view", scratch);
    log_open(&record_log);
    log_join(&record_log, &dayton, "us-oh-dayton", "3921000", 2);
    log_join(&record_log, &tampa, "us-fl-tampa", "", 3);
    log_join(&record_log, &austin, "austin", "4805000", 4);
    log_commit(&record_log);
    open_view();
    return 0;
}

static inline int view_down(void **state)
{
    view_close(&view);
    log_close(&record_log);
    return scratch_drop(state);
}

/* ---- asking */

static inline void catch_up(size_t batch)
{
    bool more = true;
    log_commit(&record_log);
    while (more)
        assert_int_equal(view_advance(view, batch, &more), E_OK);
    assert_int_equal(view_cursor(view), record_log.size);
}

static inline json_t *ask(struct view_query query)
{
    json_t *answer;
    if (view_query(view, &query, &answer) != E_OK)
        fail_msg("'%s': %s", query.text, err_message());
    return answer;
}

static inline long long total(const char *text)
{
    json_t *answer = ask((struct view_query){ .text = text });
    long long sum = json_integer_value(json_object_get(answer, "total"));
    json_decref(answer);
    return sum;
}

/* The rows' values of a field, with spaces between. */
static inline const char *column(struct view_query query, const char *name)
{
    static char text[4096];
    size_t i, n = 0;
    json_t *row;
    query.fields = name;
    json_t *answer = ask(query);
    text[0] = '\0';
    json_array_foreach(json_object_get(answer, "rows"), i, row)
    {
        AUTO(free_ptr) char *value = json_dumps(json_object_get(row, name), JSON_ENCODE_ANY | JSON_COMPACT);
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", n > 0 ? " " : "", value);
    }
    json_decref(answer);
    return text;
}

static inline const char *titles(const char *text)
{
    return column((struct view_query){ .text = text }, "title");
}

static inline long long stat_of(const char *name)
{
    json_t *stats;
    assert_int_equal(view_stats(view, &stats), E_OK);
    long long value = json_integer_value(json_object_get(stats, name));
    json_decref(stats);
    return value;
}

/* ---- saying */

static inline struct said oiso(void)
{
    return (struct said){ .nonce = 1,
                          .kind = 1,
                          .status = 2,
                          .title = "Dayton and Oiso",
                          .partner = "Oiso",
                          .countries = "JP",
                          .us = "Dayton",
                          .regions = "US-OH",
                          .geoids = "3921000",
                          .themes = { 3, 4 },
                          .start = 19680000 };
}

static inline struct said about(const uint8_t id[static 16], const char *title)
{
    return (struct said){ .subject = id, .kind = 2, .title = title, .countries = "FR" };
}

static inline void say_many(unsigned count)
{
    static const char *const countries[] = { "JP", "FR", "DE", "", "MX|CA" };
    for (unsigned i = 0; i < count; i++) {
        char title[32];
        snprintf(title, sizeof title, "T%03u", i * 37 % count);
        log_say(&record_log, i % 3 != 0 ? &dayton : &austin,
                (struct said){ .nonce = 100 + i,
                               .kind = (int)(1 + i % 4),
                               .title = title,
                               .countries = countries[i % 5],
                               .start = i % 7 != 0 ? (2000 + i % 20) * 10000 : 0 });
    }
}

static inline char *digest(void)
{
    static const char *const groups[] = { "kind", "country,state", "by", "flag", "year" };
    AUTO(buf_clear) struct buf out = { 0 };
    json_t *answer = ask((struct view_query){ .fields = "all", .limit = MAX_PAGE_ROWS });
    AUTO(free_ptr) char *rows = json_dumps(answer, JSON_SORT_KEYS);
    json_decref(answer);
    buf_text(&out, rows);
    for (size_t i = 0; i < 5; i++) {
        answer = ask((struct view_query){ .group_by = groups[i] });
        AUTO(free_ptr) char *text = json_dumps(answer, JSON_SORT_KEYS);
        json_decref(answer);
        buf_text(&out, text);
    }
    const char *const counters[] = {
        "records", "engagements", "flagged", "statements", "retractions", "terms"
    };
    for (size_t i = 0; i < 6; i++)
        buf_printf(&out, " %lld", stat_of(counters[i]));
    return mem_text(buf_string(&out));
}

/* Statements, amendments, retractions, others' accounts and a move, all mixed. */
static inline void say_everything(unsigned rounds)
{
    struct voice *voices[] = { &dayton, &tampa, &austin };
    uint8_t id[16];
    srand(5);
    for (unsigned i = 0; i < rounds; i++) {
        struct voice *voice = voices[rand() % 3], *lead = voices[rand() % 3];
        uint64_t nonce = (uint64_t)(rand() % 25);
        char title[64];
        snprintf(title, sizeof title, "word%d port of %d sister city", rand() % 9, rand() % 5);
        struct said said = { .nonce = nonce,
                             .kind = rand() % 5,
                             .status = rand() % 3,
                             .title = title,
                             .countries = rand() % 2 != 0 ? "JP" : "FR|DE",
                             .start = (uint32_t)(1990 + rand() % 30) * 10000,
                             .themes = { rand() % 4, 7 } };
        said_id(lead, nonce, id);
        if (lead != voice)
            said.subject = id;
        if (rand() % 5 == 0)
            log_retract(&record_log, voice, said);
        else
            log_say(&record_log, voice, said);
        if (i == rounds / 2)
            log_admit(&record_log, &tampa.feed.author, "us-ga-tampa", "1301000", 1);
        if (rand() % 40 == 0)
            log_tick(&record_log);
    }
    log_commit(&record_log);
}

static inline void drop_view(void)
{
    char command[200];
    view_close(&view);
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    assert_int_equal(system(command), 0);
    open_view();
    assert_int_equal(view_cursor(view), 0);
}

/* ---- damage */

static const char *const view_tables[] = { "meta",    "ids",   "waiting",  "engagements", "accounts",
                                           "authors", "names", "postings", NULL };

/* Overwrites the piece of the term "all". */
static inline void damage_all(void)
{
    struct db_options options = { .folder = folder, .tables = view_tables, .map_bytes = MAP_BYTES };
    struct db *db;
    struct db_txn *txn;
    view_close(&view);
    assert_int_equal(db_open(&options, &db), E_OK);
    assert_int_equal(db_write(db, &txn), E_OK);
    db_put(txn, 7, bytes_of("\0\0\0\0all", 7), bytes_text("rotten bytes"));
    assert_int_equal(db_commit(&txn), E_OK);
    db_close(&db);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, view_up, view_down)
