#include "app/home.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/secret.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "core/run.h"

/* The longest path that a unix socket can have is 107 bytes. */
#define HOME_PATH_MAX 90

enum {
    KEY_RECORD,
    KEY_ROTATION,
    KEY_TRANSPORT,
    KEY_WITNESS,
    KEY_MIRROR,
    KEY_SEAL,
    KEY_LOG,
    KEY_RECOVERY,
    KEY_COUNT = KEY_RECOVERY + 3
};

static const struct key_file {
    const char *file, *purpose;
    bool x25519, hub_only, stays; /* stays: the daemon needs it */
} key_files[KEY_COUNT] = {
    [KEY_RECORD] = { "record", "record", false, false, true },
    [KEY_ROTATION] = { "rotation", "rotation", false, false, false },
    [KEY_TRANSPORT] = { "transport", "transport", true, false, true },
    [KEY_WITNESS] = { "witness", "witness", false, false, true },
    [KEY_MIRROR] = { "mirror", "mirror", false, false, true },
    [KEY_SEAL] = { "seal", "seal", true, false, true },
    [KEY_LOG] = { "log", "log", false, true, true },
    [KEY_RECOVERY] = { "recovery-1", "recovery", false, false, false },
    [KEY_RECOVERY + 1] = { "recovery-2", "recovery", false, false, false },
    [KEY_RECOVERY + 2] = { "recovery-3", "recovery", false, false, false },
};

struct keys {
    struct secret secret[KEY_COUNT];
};

static void wipe_keys(struct keys *keys)
{
    for (int i = 0; i < KEY_COUNT; i++)
        secret_clear(&keys->secret[i]);
}

static void make_secret(const struct key_file *row, const uint8_t seed[static 32], struct secret *out)
{
    if (row->x25519)
        secret_transport_from_seed(seed, out);
    else
        secret_from_seed(seed, out);
}

static void make_keys(struct keys *keys)
{
    for (int i = 0; i < KEY_COUNT; i++) {
        uint8_t seed[32];
        random_bytes(seed, sizeof seed);
        make_secret(&key_files[i], seed, &keys->secret[i]);
        explicit_bzero(seed, sizeof seed);
    }
}

static const char *level_of_geoid(const char *geoid)
{
    switch (strlen(geoid)) {
    case 2:
        return "us_state";
    case 5:
        return "county";
    case 7:
        return "city";
    case 10:
        return "county_subdivision";
    default:
        return NULL;
    }
}

static enum err check_geoid(const char *geoid)
{
    if (geoid[0] == 0)
        return E_OK;
    if (strspn(geoid, "0123456789") != strlen(geoid) || level_of_geoid(geoid) == NULL)
        return fail(E_USAGE,
                    "geoid \"%s\": expected a Census GEOID of 2 (state), 5 (county), 7 (place) or 10 (county "
                    "subdivision) digits",
                    geoid);
    return E_OK;
}

static enum err check_origin(const char *origin)
{
    size_t length = strlen(origin);
    if (length == 0 || length > 120 || strspn(origin, "abcdefghijklmnopqrstuvwxyz0123456789./_-") != length)
        return fail(E_USAGE,
                    "origin \"%s\": expected 1 to 120 of a-z 0-9 . / _ -, like chancery.example/national",
                    origin);
    return E_OK;
}

static enum err set_level(const struct home_new *options, struct inception *inception)
{
    const char *level = options->level;
    if (level == NULL)
        level = options->role == HOME_HUB ? "federal_agency" : level_of_geoid(inception->geoid);
    if (level == NULL)
        level = "other";
    int value;
    if (!statement_value(statement_enum("PartyType"), level, &value) || value <= 0)
        return fail(
            E_USAGE,
            "level \"%s\": expected city, county, us_state, county_subdivision, indigenous_nation ...",
            level);
    inception->level = (uint32_t)value;
    return E_OK;
}

static enum err describe(const struct home_new *options, struct inception *out)
{
    const char *name = options->name != NULL ? options->name : options->role == HOME_HUB ? "office" : "";
    const char *title = options->title != NULL ? options->title : name;
    const char *geoid = options->geoid != NULL ? options->geoid : "";
    if (!text_is_name(name))
        return fail(E_USAGE, "name \"%s\": expected lower-case letters, digits and dashes, like us-oh-dayton",
                    name);
    if (strlen(title) > MAX_TITLE_BYTES || !text_is_utf8(bytes_text(title)) ||
        strpbrk(title, "\r\n\t") != NULL)
        return fail(E_USAGE, "title: expected one line of at most %u bytes of UTF-8", MAX_TITLE_BYTES);
    TRY(check_geoid(geoid));
    if (options->role == HOME_HUB) {
        TRY(check_origin(options->origin != NULL ? options->origin : ""));
        snprintf(out->origin, sizeof out->origin, "%s", options->origin);
        out->window_days = 30;
    }
    snprintf(out->name, sizeof out->name, "%s", name);
    snprintf(out->title, sizeof out->title, "%s", title);
    snprintf(out->geoid, sizeof out->geoid, "%s", geoid);
    return set_level(options, out);
}

static void name_keys(const struct keys *keys, enum home_role role, struct inception *out)
{
    out->record_key = keys->secret[KEY_RECORD].public_key;
    out->next_commit = next_commit(&keys->secret[KEY_ROTATION].public_key);
    out->recovery.count = 3;
    out->recovery.k = 2;
    for (int i = 0; i < 3; i++)
        out->recovery.keys[i] = keys->secret[KEY_RECOVERY + i].public_key;
    out->transport_key = keys->secret[KEY_TRANSPORT].public_key;
    out->witness_key = keys->secret[KEY_WITNESS].public_key;
    out->mirror_key = keys->secret[KEY_MIRROR].public_key;
    out->seal_key = keys->secret[KEY_SEAL].public_key;
    if (role == HOME_HUB)
        out->log_key = keys->secret[KEY_LOG].public_key;
    random_bytes(out->nonce, sizeof out->nonce);
}

static enum err identity(const struct home_new *options, const struct keys *keys, struct home *out,
                         struct buf *packed)
{
    *out = (struct home){ .role = options->role };
    TRY(describe(options, &out->inception));
    name_keys(keys, options->role, &out->inception);

    AUTO(buf_clear) struct buf payload = { 0 };
    inception_write(&out->inception, &payload);
    out->author = author_of(buf_view(&payload));
    out->record = keys->secret[KEY_RECORD];
    out->transport = keys->secret[KEY_TRANSPORT];

    struct feed feed;
    uint8_t salt[SALT_BYTES];
    feed_init(&feed, &out->author);
    random_bytes(salt, sizeof salt);
    return feed_append(&feed, &out->record, KIND_IDENTITY, 0, TYPE_INCEPTION, clock_wall_ms(), salt,
                       buf_view(&payload), packed);
}

enum err home_identity(const struct home_new *options, struct home *out, struct buf *inception)
{
    AUTO(wipe_keys) struct keys keys;
    make_keys(&keys);
    return identity(options, &keys, out, inception);
}

static enum err set_paths(const char *path, struct home *home)
{
    AUTO(free_ptr) char *absolute = realpath(path, NULL);
    if (absolute == NULL)
        return errno == ENOENT ? fail(E_NOT_FOUND, "there is no home at %s", path)
                               : fail_errno(E_IO, "cannot open home %s", path);
    if (strlen(absolute) > HOME_PATH_MAX)
        return fail(E_USAGE,
                    "the path %s is too long: a home's path has at most %d bytes, for the socket in it",
                    absolute, HOME_PATH_MAX);
    snprintf(home->path, sizeof home->path, "%s", absolute);
    snprintf(home->store, sizeof home->store, "%s/store", absolute);
    snprintf(home->view, sizeof home->view, "%s/view", absolute);
    snprintf(home->control, sizeof home->control, "%s/control.sock", absolute);
    snprintf(home->lock, sizeof home->lock, "%s/lock", absolute);
    return E_OK;
}

/* One whole record that opens a feed by that feed's own rules. */
static enum err check_inception(struct bytes packed, struct record *record, struct inception *out)
{
    struct feed feed;
    size_t accepted = 0;
    TRY(run_next(&packed, record));
    if (packed.len > 0)
        return fail(E_MALFORMED, "something stands behind the inception");
    feed_init(&feed, &record->header.author);
    TRY(feed_take(&feed, record, 1, &accepted));
    return inception_read(record->payload, out);
}

static enum err read_inception(struct home *home)
{
    char path[300];
    snprintf(path, sizeof path, "%s/inception", home->path);
    AUTO(buf_clear) struct buf packed = { 0 };
    enum err err = file_read(path, MAX_BATCH_BYTES, &packed);
    if (err == E_NOT_FOUND)
        return fail(E_NOT_FOUND, "%s is not a home: it holds no inception", home->path);
    TRY(err);

    struct record record;
    if (check_inception(buf_view(&packed), &record, &home->inception) != E_OK)
        return fail(E_CORRUPT, "the inception in %s is damaged", home->path);
    home->author = record.header.author;
    home->role = home->inception.origin[0] != 0 ? HOME_HUB : HOME_NODE;
    snprintf(home->conf, sizeof home->conf, "%s/%s", home->path,
             home->role == HOME_HUB ? "hub.conf" : "node.conf");
    return E_OK;
}

enum err home_probe(const char *path, struct home *out)
{
    *out = (struct home){ 0 };
    TRY(set_paths(path, out));
    return read_inception(out);
}

static enum err load_key(const struct home *home, int which, const struct key *expected, struct secret *out)
{
    char path[300];
    uint8_t seed[32];
    snprintf(path, sizeof path, "%s/keys/%s.key", home->path, key_files[which].file);
    TRY(secret_read(path, key_files[which].purpose, NULL, seed));
    make_secret(&key_files[which], seed, out);
    explicit_bzero(seed, sizeof seed);
    if (!key_equal(&out->public_key, expected))
        return fail(E_CORRUPT, "%s is not the key that the inception of %s names", path,
                    home->inception.name);
    return E_OK;
}

enum err home_open(const char *path, struct home *out)
{
    TRY(home_probe(path, out));
    enum err err = load_key(out, KEY_RECORD, &out->inception.record_key, &out->record);
    if (err == E_OK)
        err = load_key(out, KEY_TRANSPORT, &out->inception.transport_key, &out->transport);
    if (err != E_OK)
        home_clear(out);
    return err;
}

void home_clear(struct home *home)
{
    secret_clear(&home->record);
    secret_clear(&home->transport);
}

static enum err write_keys(const struct home_new *options, const struct keys *keys, const char *folder)
{
    TRY(dir_make(folder, 0700));
    for (int i = 0; i < KEY_COUNT; i++) {
        if (key_files[i].hub_only && options->role != HOME_HUB)
            continue;
        char path[400];
        snprintf(path, sizeof path, "%s/%s.key", folder, key_files[i].file);
        TRY(secret_write(path, key_files[i].purpose, keys->secret[i].seed, NULL));
    }
    return E_OK;
}

static void remove_home(const char *path)
{
    char file[400];
    for (int i = 0; i < KEY_COUNT; i++) {
        snprintf(file, sizeof file, "%s/keys/%s.key", path, key_files[i].file);
        unlink(file);
    }
    snprintf(file, sizeof file, "%s/keys", path);
    rmdir(file);
    snprintf(file, sizeof file, "%s/inception", path);
    unlink(file);
    rmdir(path); /* only when nothing else was there before */
}

enum err home_make(const struct home_new *options, struct buf *inception)
{
    AUTO(wipe_keys) struct keys keys;
    make_keys(&keys);
    struct home home;
    TRY(identity(options, &keys, &home, inception));

    char file[300], folder[300];
    TRY(dir_make(options->path, 0700));
    TRY(set_paths(options->path, &home));
    snprintf(file, sizeof file, "%s/inception", home.path);
    snprintf(folder, sizeof folder, "%s/keys", home.path);
    if (file_exists(file) || file_exists(folder))
        return fail(E_EXISTS, "there is a home at %s already", home.path);

    enum err err = write_keys(options, &keys, folder);
    if (err == E_OK)
        err = file_create(file, buf_view(inception), 0600);
    if (err != E_OK)
        remove_home(home.path);
    home_clear(&home);
    return err;
}
