/* init: make a home: keys, inception, store and a commented configuration. The only command that opens a
 * store. */
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/home.h"
#include "base/file.h"
#include "base/text.h"
#include "core/feed.h"
#include "core/run.h"
#include "nodectl/cmd.h"
#include "nodectl/sample.h"
#include "store/store.h"

#define STORE_MAP_BYTES (64ULL << 20) /* for one record; the daemon asks for its own */

#define COMMON_OPTIONS                                                                                       \
    { "title", 0, ARG_TEXT, "TEXT", NULL, "what it is called: \"City of Dayton\"" },                         \
        { "level", 0, ARG_WORD, "WORD", "@PartyType", "what it is (told by the GEOID)" },                    \
        { "set", 0, ARG_TEXT, "NAME=VALUE", NULL, "a line of the configuration; may be repeated" },          \
        { "dry-run", 0, ARG_FLAG, NULL, NULL, "say what would be made, and make nothing" },                  \
    {                                                                                                        \
        NULL, 0, ARG_FLAG, NULL, NULL, NULL                                                                  \
    }

const struct arg_option options_init_node[] = {
    { "name", 0, ARG_TEXT, "NAME", NULL, "its name among the nodes: us-oh-dayton" },
    { "geoid", 0, ARG_TEXT, "DIGITS", NULL, "its Census GEOID: 3921000" },
    COMMON_OPTIONS,
};

const struct arg_option options_init_hub[] = {
    { "origin", 0, ARG_TEXT, "NAME", NULL,
      "name of the log, for ever, of no agency: chancery.example/national" },
    { "name", 0, ARG_TEXT, "NAME", NULL, "name of the office's own feed (office)" },
    COMMON_OPTIONS,
};

/* ---- before */

/* What a line of the configuration cannot hold would make a home that no daemon starts in. */
static enum err check_settings(const struct ctl *ctl)
{
    const char *setting;
    for (size_t i = 0; (setting = args_nth(&ctl->args, "set", i)) != NULL; i++) {
        const char *equals = strchr(setting, '=');
        if (equals == NULL)
            return errors_fail(E_USAGE, "--set heartbeat=5s", "--set \"%s\" has no value", setting);
        if (equals == setting || !text_is_line(setting))
            return errors_fail(E_USAGE, "--set heartbeat=5s, on one line", "--set \"%s\" is no setting",
                               setting);
    }
    return E_OK;
}

static enum err check_words(const struct ctl *ctl, const struct home_new *new)
{
    if (new->role == HOME_NODE &&new->name == NULL)
        return errors_fail(E_USAGE, "--name us-oh-dayton: small letters, digits and dashes",
                           "init node needs --name");
    if (new->role == HOME_HUB &&new->origin == NULL)
        return errors_fail(E_USAGE,
                           "--origin chancery.example/national; it stays for ever and names no agency",
                           "init hub needs --origin");
    AUTO(buf_clear) struct buf slug = { 0 };
    if (new->name != NULL && !text_is_name(new->name)) {
        text_slug(&slug, bytes_text(new->name));
        errors_hint("perhaps --name %s", slug.len > 0 ? buf_string(&slug) : "us-oh-dayton");
        return fail(E_USAGE, "\"%s\" is no name", new->name);
    }
    if (new->title != NULL && !text_is_line(new->title))
        return errors_fail(E_USAGE, "--title \"City of Dayton\", on one line",
                           "--title is empty, or has a "
                           "line break or another control character in it");
    return check_settings(ctl);
}

/* Nothing that init makes may be there, and no daemon may run. */
static enum err check_free(const char *path)
{
    static const char *const made[] = { "inception", "keys", "store", "view", "node.conf", "hub.conf" };
    AUTO(free_ptr) char *lock = path_join(path, "lock");
    int fd = -1;
    if (file_exists(lock)) {
        enum err err = file_lock(lock, &fd);
        if (fd >= 0)
            close(fd);
        if (err == E_BUSY)
            return errors_fail(E_BUSY, "choose another folder with --home", "a daemon runs in %s", path);
    }
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        AUTO(free_ptr) char *file = path_join(path, made[i]);
        if (file_exists(file))
            return errors_fail(E_EXISTS, "choose another folder with --home, or 'nodectl --home DIR status'",
                               "%s holds a home already: there is %s", path, made[i]);
    }
    return E_OK;
}

/* ---- making */

static enum err store_inception(const struct home *home, struct bytes packed)
{
    AUTO(store_close) struct store *store = NULL;
    struct store_options options = {
        .folder = home->store, .map_bytes = STORE_MAP_BYTES, .create = true, .log = home->role == HOME_HUB
    };
    TRY(store_open(&options, &store));
    struct record record;
    struct feed feed;
    TRY(run_next(&packed, &record));
    feed_init(&feed, &home->author);
    size_t taken = 0;
    TRY(feed_take(&feed, &record, 1, &taken));

    AUTO(store_abort) struct store_txn *txn = NULL;
    TRY(store_begin(store, &txn));
    store_append(txn, &feed, &record, 1);
    return store_commit(&txn);
}

static enum err write_conf(const struct ctl *ctl, const struct home *home)
{
    AUTO(buf_clear) struct buf text = { 0 };
    sample_conf(home->role == HOME_HUB ? "hubd" : "noded", &text);
    for (size_t i = 0; args_nth(&ctl->args, "set", i) != NULL; i++) {
        const char *setting = args_nth(&ctl->args, "set", i);
        sample_setting(setting, &text);
    }
    return file_create(home->conf, buf_view(&text), 0600);
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
    (void)stat, (void)type, (void)ftw;
    return remove(path);
}

/* What was made a moment ago goes again; nothing of it was there before. */
static void take_back(const char *path)
{
    static const char *const made[] = { "inception", "keys", "store", "node.conf", "hub.conf" };
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        AUTO(free_ptr) char *file = path_join(path, made[i]);
        nftw(file, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    }
    rmdir(path); /* only when it holds nothing else */
}

static enum err make(struct ctl *ctl, const struct home_new *new)
{
    AUTO(buf_clear) struct buf packed = { 0 };
    TRY(home_make(new, &packed));
    enum err err = home_probe(new->path, &ctl->home);
    ctl->home_known = err == E_OK;
    if (err == E_OK)
        err = store_inception(&ctl->home, buf_view(&packed));
    if (err == E_OK)
        err = write_conf(ctl, &ctl->home);
    if (err == E_OK && args_nth(&ctl->args, "set", 0) != NULL)
        err = sample_check(new->role == HOME_HUB ? "hubd" : "noded", new->path);
    if (err != E_OK)
        take_back(new->path);
    return err;
}

/* ---- what was made */

static void add_path(json_t *list, const char *folder, const char *file)
{
    AUTO(free_ptr) char *path = path_join(folder, file);
    if (file_exists(path))
        json_array_append_new(list, json_string(path));
}

static json_t *describe(const struct home *home)
{
    static const char *const offline[] = { "keys/rotation.key", "keys/recovery-1.key", "keys/recovery-2.key",
                                           "keys/recovery-3.key" };
    char author[65];
    hex_encode(home->author.b, HASH_BYTES, author);
    json_t *keys = json_array();
    for (size_t i = 0; i < sizeof offline / sizeof *offline; i++)
        add_path(keys, home->path, offline[i]);
    json_t *out =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "role", home->role == HOME_HUB ? "hub" : "node",
                  "name", home->inception.name, "title", home->inception.title, "author", author, "home",
                  home->path, "configuration", home->conf, "store", home->store);
    if (home->role == HOME_HUB)
        json_object_set_new(out, "origin", json_string(home->inception.origin));
    if (home->inception.geoid[0] != 0)
        json_object_set_new(out, "geoid", json_string(home->inception.geoid));
    json_object_set_new(out, "take_off_this_machine", keys);
    return out;
}

static void advise(struct ctl *ctl, const json_t *made)
{
    size_t i;
    json_t *key;
    if (ctl->out.format != OUT_TABLE)
        return;
    out_remark(&ctl->out,
               "\nTake these keys off this machine now, the recovery keys to three different people:");
    json_array_foreach(json_object_get(made, "take_off_this_machine"), i, key)
    {
        out_remark(&ctl->out, "  %s", json_string_value(key));
    }
    bool hub = ctl->home.role == HOME_HUB;
    out_remark(&ctl->out, "Then start it: %s --home %s%s", hub ? "hubd" : "noded", ctl->home.path,
               hub ? ", and invite with 'nodectl invite --for NAME'" : ", and enrol with 'nodectl join'");
}

static enum err init(struct ctl *ctl, struct home_new *new)
{
    static const struct out_column fields[] = {
        { "role", "role", OUT_TEXT, 0 },   { "name", "name", OUT_TEXT, 0 },
        { "title", "title", OUT_TEXT, 0 }, { "origin", "origin", OUT_TEXT, 0 },
        { "geoid", "geoid", OUT_TEXT, 0 }, { "author", "author", OUT_TEXT, OUT_NAMES },
        { "home", "home", OUT_TEXT, 0 },   { "configuration", "configuration", OUT_TEXT, 0 },
        { "store", "store", OUT_TEXT, 0 }, { NULL, NULL, OUT_TEXT, 0 },
    };
    new->title = args_text(&ctl->args, "title");
    new->level = args_text(&ctl->args, "level");
    new->name = args_text(&ctl->args, "name");
    TRY(cmd_home_path(ctl, &new->path));
    cmd_doing(ctl, "make a home in %s", new->path);
    TRY(check_words(ctl, new));
    TRY(check_free(new->path));
    if (args_flag(&ctl->args, "dry-run")) {
        struct home home;
        AUTO(buf_clear) struct buf packed = { 0 };
        TRY(home_identity(new, &home, &packed));
        home_clear(&home);
        out_remark(&ctl->out, "A home for %s would be made in %s.", home.inception.name, new->path);
        return E_OK;
    }
    TRY(make(ctl, new));
    json_t *made = describe(&ctl->home);
    out_object(&ctl->out, made, fields);
    enum err err = out_flush(&ctl->out);
    advise(ctl, made);
    json_decref(made);
    return err;
}

enum err cmd_init_node(struct ctl *ctl)
{
    struct home_new new = { .role = HOME_NODE, .geoid = args_text(&ctl->args, "geoid") };
    return init(ctl, &new);
}

enum err cmd_init_hub(struct ctl *ctl)
{
    struct home_new new = { .role = HOME_HUB, .origin = args_text(&ctl->args, "origin") };
    return init(ctl, &new);
}
