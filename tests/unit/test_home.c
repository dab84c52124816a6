#include "app/home.h"

#include "scratch.h"

#include <sys/resource.h>

#include "base/file.h"
#include "core/run.h"

#include <cmocka.h>

static const struct home_new dayton = {
    .role = HOME_NODE, .name = "us-oh-dayton", .geoid = "3921000", .title = "City of Dayton"
};

static int id_begin(void **state)
{
    (void)state;
    return id_init() == E_OK ? 0 : -1;
}

static const char *in_scratch(const char *name)
{
    static char paths[4][300];
    static unsigned n;
    char *path = paths[n++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", scratch, name);
    return path;
}

static void make(const char *path, const struct home_new *wanted)
{
    struct home_new options = *wanted;
    AUTO(buf_clear) struct buf inception = { 0 };
    options.path = path;
    assert_int_equal(home_make(&options, &inception), E_OK);
}

static enum err try_make(const char *path, const struct home_new *wanted)
{
    struct home_new options = *wanted;
    AUTO(buf_clear) struct buf inception = { 0 };
    options.path = path;
    return home_make(&options, &inception);
}

static unsigned mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777U;
}

/* Changes a byte of a file. */
static void flip(const char *path, size_t at, uint8_t bits)
{
    AUTO(buf_clear) struct buf content = { 0 };
    assert_int_equal(file_read(path, 1 << 20, &content), E_OK);
    assert_true(at < content.len);
    content.data[at] ^= bits;
    assert_int_equal(file_write(path, buf_view(&content), 0600), E_OK);
}

/* ---- what is made is found */

static void a_nodes_home_is_made_and_opened(void **state)
{
    (void)state;
    struct home home;
    make(in_scratch("node"), &dayton);
    assert_int_equal(home_open(in_scratch("node"), &home), E_OK);
    assert_int_equal(home.role, HOME_NODE);
    assert_string_equal(home.inception.name, "us-oh-dayton");
    assert_string_equal(home.inception.title, "City of Dayton");
    assert_string_equal(home.inception.geoid, "3921000");
    assert_string_equal(home.inception.origin, "");
    assert_string_equal(home.path, in_scratch("node"));
    assert_string_equal(home.conf, in_scratch("node/node.conf"));
    assert_string_equal(home.store, in_scratch("node/store"));
    assert_string_equal(home.view, in_scratch("node/view"));
    assert_string_equal(home.control, in_scratch("node/control.sock"));
    assert_string_equal(home.lock, in_scratch("node/lock"));
    assert_true(key_equal(&home.record.public_key, &home.inception.record_key));
    assert_true(key_equal(&home.transport.public_key, &home.inception.transport_key));
    assert_int_equal(home.inception.recovery.count, 3);
    assert_int_equal(home.inception.recovery.k, 2);
    home_clear(&home);
}

static void a_hubs_home_has_an_origin_and_a_log_key(void **state)
{
    (void)state;
    struct home home;
    struct home_new hub = { .role = HOME_HUB, .origin = "test.example/log" };
    make(in_scratch("hub"), &hub);
    assert_int_equal(home_probe(in_scratch("hub"), &home), E_OK);
    assert_int_equal(home.role, HOME_HUB);
    assert_string_equal(home.inception.name, "office");
    assert_string_equal(home.inception.title, "office");
    assert_string_equal(home.inception.origin, "test.example/log");
    assert_string_equal(home.conf, in_scratch("hub/hub.conf"));
    assert_true(file_exists(in_scratch("hub/keys/log.key")));
    make(in_scratch("node"), &dayton);
    assert_false(file_exists(in_scratch("node/keys/log.key")));
}

static void nobody_else_can_look_into_it(void **state)
{
    (void)state;
    static const char *const keys[] = { "record",     "rotation",   "transport",  "witness", "mirror",
                                        "recovery-1", "recovery-2", "recovery-3", "seal" };
    mode_t before = umask(0);
    make(in_scratch("node"), &dayton);
    umask(before);
    assert_int_equal(mode_of(in_scratch("node")), 0700);
    assert_int_equal(mode_of(in_scratch("node/keys")), 0700);
    assert_int_equal(mode_of(in_scratch("node/inception")), 0600);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char name[80];
        snprintf(name, sizeof name, "node/keys/%s.key", keys[i]);
        assert_int_equal(mode_of(in_scratch(name)), 0600);
    }
}

static void a_home_that_was_moved_is_the_same(void **state)
{
    (void)state;
    struct home before, after;
    make(in_scratch("node"), &dayton);
    assert_int_equal(home_open(in_scratch("node"), &before), E_OK);
    assert_int_equal(rename(in_scratch("node"), in_scratch("elsewhere")), 0);
    struct home gone;
    assert_int_equal(home_open(in_scratch("node"), &gone), E_NOT_FOUND);
    assert_int_equal(home_open(in_scratch("elsewhere"), &after), E_OK);
    assert_true(hash_equal(&before.author, &after.author));
    assert_string_equal(after.store, in_scratch("elsewhere/store"));
    home_clear(&before);
    home_clear(&after);
}

static void its_path_is_absolute_however_it_is_named(void **state)
{
    (void)state;
    struct home home;
    char here[300];
    assert_non_null(getcwd(here, sizeof here));
    make(in_scratch("node"), &dayton);
    assert_int_equal(chdir(scratch), 0);
    enum err err = home_probe("./node/../node/", &home);
    assert_int_equal(chdir(here), 0);
    assert_int_equal(err, E_OK);
    assert_string_equal(home.path, in_scratch("node"));
}

static void no_two_identities_are_the_same(void **state)
{
    (void)state;
    struct home a, b;
    make(in_scratch("a"), &dayton);
    make(in_scratch("b"), &dayton);
    assert_int_equal(home_probe(in_scratch("a"), &a), E_OK);
    assert_int_equal(home_probe(in_scratch("b"), &b), E_OK);
    assert_false(hash_equal(&a.author, &b.author));
}

static void only_one_process_holds_it(void **state)
{
    (void)state;
    struct home home;
    int fd = -1, second = -1;
    make(in_scratch("node"), &dayton);
    assert_int_equal(home_probe(in_scratch("node"), &home), E_OK);
    assert_int_equal(file_lock(home.lock, &fd), E_OK);
    assert_int_equal(file_lock(home.lock, &second), E_BUSY);
    close(fd);
    assert_int_equal(file_lock(home.lock, &second), E_OK);
    close(second);
}

/* ---- what is not a home, or no longer */

static void what_is_no_home_is_not_found(void **state)
{
    (void)state;
    struct home home;
    assert_int_equal(home_probe(in_scratch("none"), &home), E_NOT_FOUND);
    assert_int_equal(dir_make(in_scratch("empty"), 0700), E_OK);
    assert_int_equal(home_probe(in_scratch("empty"), &home), E_NOT_FOUND);
    assert_int_equal(home_open(in_scratch("empty"), &home), E_NOT_FOUND);
    assert_int_equal(file_write(in_scratch("file"), bytes_text("x"), 0600), E_OK);
    assert_int_equal(home_probe(in_scratch("file/below"), &home), E_IO);
}

static void a_path_that_leaves_no_room_for_a_socket_is_refused(void **state)
{
    (void)state;
    struct home home;
    char name[100];
    size_t room = 90 - strlen(scratch) - 1;
    memset(name, 'h', sizeof name);
    name[room + 1] = 0;
    assert_int_equal(try_make(in_scratch(name), &dayton), E_USAGE);
    assert_int_equal(home_probe(in_scratch(name), &home), E_USAGE);
    name[room] = 0;
    make(in_scratch(name), &dayton);
    assert_int_equal(home_probe(in_scratch(name), &home), E_OK);
}

static void an_inception_with_any_byte_changed_is_corrupt(void **state)
{
    (void)state;
    struct home home;
    AUTO(buf_clear) struct buf inception = { 0 };
    make(in_scratch("node"), &dayton);
    assert_int_equal(file_read(in_scratch("node/inception"), 1 << 20, &inception), E_OK);
    for (size_t at = 0; at < inception.len; at++) {
        inception.data[at] ^= 4;
        assert_int_equal(file_write(in_scratch("node/inception"), buf_view(&inception), 0600), E_OK);
        assert_int_equal(home_probe(in_scratch("node"), &home), E_CORRUPT);
        inception.data[at] ^= 4;
    }
}

static void an_inception_that_is_cut_or_too_long_is_corrupt(void **state)
{
    (void)state;
    struct home home;
    AUTO(buf_clear) struct buf inception = { 0 };
    make(in_scratch("node"), &dayton);
    assert_int_equal(file_read(in_scratch("node/inception"), 1 << 20, &inception), E_OK);
    for (size_t len = 0; len < inception.len; len += 7) {
        assert_int_equal(file_write(in_scratch("node/inception"), bytes_of(inception.data, len), 0600), E_OK);
        assert_int_equal(home_probe(in_scratch("node"), &home), E_CORRUPT);
    }
    buf_u8(&inception, 0);
    assert_int_equal(file_write(in_scratch("node/inception"), buf_view(&inception), 0600), E_OK);
    assert_int_equal(home_probe(in_scratch("node"), &home), E_CORRUPT);
    while (inception.len <= MAX_BATCH_BYTES)
        buf_u64(&inception, 0);
    assert_int_equal(file_write(in_scratch("node/inception"), buf_view(&inception), 0600), E_OK);
    assert_int_equal(home_probe(in_scratch("node"), &home), E_TOO_BIG);
}

static void keys_that_are_missing_open_to_others_or_somebody_elses_are_refused(void **state)
{
    (void)state;
    static const char *const needed[] = { "node/keys/record.key", "node/keys/transport.key" };
    struct home home;
    make(in_scratch("node"), &dayton);
    make(in_scratch("other"), &dayton);
    for (size_t i = 0; i < 2; i++) {
        AUTO(buf_clear) struct buf own = { 0 }, foreign = { 0 };
        char other[80];
        snprintf(other, sizeof other, "other%s", needed[i] + 4);
        assert_int_equal(file_read(in_scratch(needed[i]), 4096, &own), E_OK);
        assert_int_equal(file_read(in_scratch(other), 4096, &foreign), E_OK);
        assert_int_equal(unlink(in_scratch(needed[i])), 0);
        assert_int_equal(home_open(in_scratch("node"), &home), E_NOT_FOUND);
        assert_int_equal(file_write(in_scratch(needed[i]), buf_view(&foreign), 0600), E_OK);
        assert_int_equal(home_open(in_scratch("node"), &home), E_CORRUPT);
        assert_int_equal(file_write(in_scratch(needed[i]), bytes_text("rubbish\n"), 0600), E_OK);
        assert_int_equal(home_open(in_scratch("node"), &home), E_MALFORMED);
        assert_int_equal(file_write(in_scratch(needed[i]), buf_view(&own), 0644), E_OK);
        assert_int_equal(home_open(in_scratch("node"), &home), E_DENIED);
        assert_int_equal(chmod(in_scratch(needed[i]), 0600), 0);
        assert_int_equal(home_open(in_scratch("node"), &home), E_OK);
        home_clear(&home);
    }
}

static void the_keys_are_wiped_when_it_is_closed_or_not_opened(void **state)
{
    (void)state;
    static const struct secret nothing;
    struct home home;
    make(in_scratch("node"), &dayton);
    assert_int_equal(home_open(in_scratch("node"), &home), E_OK);
    home_clear(&home);
    assert_memory_equal(home.record.seed, nothing.seed, sizeof nothing.seed);
    assert_memory_equal(home.transport.seed, nothing.seed, sizeof nothing.seed);
    flip(in_scratch("node/keys/transport.key"), 40, 1);
    assert_int_not_equal(home_open(in_scratch("node"), &home), E_OK);
    assert_memory_equal(home.record.seed, nothing.seed, sizeof nothing.seed);
}

static void without_the_offline_keys_it_opens(void **state)
{
    (void)state;
    struct home home;
    make(in_scratch("node"), &dayton);
    assert_int_equal(unlink(in_scratch("node/keys/rotation.key")), 0);
    for (char n = '1'; n <= '3'; n++) {
        char name[80];
        snprintf(name, sizeof name, "node/keys/recovery-%c.key", n);
        assert_int_equal(unlink(in_scratch(name)), 0);
    }
    assert_int_equal(home_open(in_scratch("node"), &home), E_OK);
    home_clear(&home);
}

/* ---- what is refused to be made */

static void a_home_is_made_once(void **state)
{
    (void)state;
    struct home before, after;
    make(in_scratch("node"), &dayton);
    assert_int_equal(home_probe(in_scratch("node"), &before), E_OK);
    assert_int_equal(try_make(in_scratch("node"), &dayton), E_EXISTS);
    assert_int_equal(unlink(in_scratch("node/inception")), 0);
    assert_int_equal(try_make(in_scratch("node"), &dayton), E_EXISTS); /* its keys are somebody's */
    assert_true(file_exists(in_scratch("node/keys/record.key")));
    assert_int_equal(home_probe(in_scratch("node"), &after), E_NOT_FOUND);
}

/* Files of more than so many bytes cannot be written: the keys are, the inception is not. */
#define SMALL_BYTES 250

static int make_with_small_files(void *context)
{
    (void)context;
    struct rlimit limit = { SMALL_BYTES, SMALL_BYTES };
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    return try_make(in_scratch("node"), &dayton) == E_IO ? 0 : 1;
}

static void what_was_half_made_is_removed_and_what_was_there_stays(void **state)
{
    (void)state;
    assert_int_equal(scratch_child(make_with_small_files, NULL), 0);
    assert_false(file_exists(in_scratch("node")));
    assert_int_equal(dir_make(in_scratch("node"), 0700), E_OK);
    assert_int_equal(file_write(in_scratch("node/node.conf"), bytes_text("# mine\n"), 0600), E_OK);
    assert_int_equal(scratch_child(make_with_small_files, NULL), 0);
    assert_false(file_exists(in_scratch("node/keys")));
    assert_false(file_exists(in_scratch("node/inception")));
    assert_true(file_exists(in_scratch("node/node.conf")));
    make(in_scratch("node"), &dayton);
}

static void what_stands_in_the_way_is_named(void **state)
{
    (void)state;
    assert_int_equal(file_write(in_scratch("file"), bytes_text("x"), 0600), E_OK);
    assert_int_equal(try_make(in_scratch("file"), &dayton), E_EXISTS);
    assert_int_not_equal(try_make(in_scratch("file/below"), &dayton), E_OK);
}

static void assert_identity(enum err expected, const char *part, const struct home_new *wanted)
{
    struct home home;
    AUTO(buf_clear) struct buf inception = { 0 };
    assert_int_equal(home_identity(wanted, &home, &inception), expected);
    if (expected != E_OK) {
        assert_non_null(strstr(err_message(), part));
        assert_int_equal(inception.len, 0);
    }
}

static void names_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = { "", "US-OH", "-dayton", "day ton", "day/ton", "d\xc3\xa4yton" };
    struct home_new wanted = dayton;
    char name[MAX_NAME_BYTES + 2];
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        wanted.name = wrong[i];
        assert_identity(E_USAGE, "name", &wanted);
    }
    wanted.name = NULL; /* of a hub only */
    assert_identity(E_USAGE, "name", &wanted);
    memset(name, 'n', sizeof name);
    name[MAX_NAME_BYTES + 1] = 0;
    wanted.name = name;
    assert_identity(E_USAGE, "name", &wanted);
    name[MAX_NAME_BYTES] = 0;
    assert_identity(E_OK, "", &wanted);
}

static void a_title_is_one_line_of_bounded_length(void **state)
{
    (void)state;
    struct home_new wanted = dayton;
    char title[MAX_TITLE_BYTES + 2];
    static const char *const wrong[] = { "two\nlines", "tab\tbed", "broken \xff" };
    for (size_t i = 0; i < 3; i++) {
        wanted.title = wrong[i];
        assert_identity(E_USAGE, "title", &wanted);
    }
    memset(title, 't', sizeof title);
    title[MAX_TITLE_BYTES + 1] = 0;
    wanted.title = title;
    assert_identity(E_USAGE, "title", &wanted);
    title[MAX_TITLE_BYTES] = 0;
    assert_identity(E_OK, "", &wanted);
}

static void the_level_follows_the_geoid_unless_it_is_said(void **state)
{
    (void)state;
    static const struct {
        const char *geoid, *level;
    } known[] = { { "39", "us_state" },
                  { "39113", "county" },
                  { "3921000", "city" },
                  { "3911321000", "county_subdivision" },
                  { "", "other" } };
    static const char *const wrong[] = { "3", "392100", "39210000", "39x1000", "39113210001" };
    struct home_new wanted = dayton;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct home home;
        AUTO(buf_clear) struct buf inception = { 0 };
        char word[80];
        wanted.geoid = known[i].geoid;
        assert_int_equal(home_identity(&wanted, &home, &inception), E_OK);
        statement_word(statement_enum("PartyType"), (int)home.inception.level, word, sizeof word);
        assert_string_equal(word, known[i].level);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        wanted.geoid = wrong[i];
        assert_identity(E_USAGE, "geoid", &wanted);
    }
    wanted.geoid = "3921000";
    wanted.level = "indigenous_nation";
    assert_identity(E_OK, "", &wanted);
    wanted.level = "village";
    assert_identity(E_USAGE, "level", &wanted);
    wanted.level = "unspecified";
    assert_identity(E_USAGE, "level", &wanted);
}

static void an_origin_names_a_log_and_nothing_else(void **state)
{
    (void)state;
    static const char *const wrong[] = { "", "Test.example", "a b", "a+b", "caf\xc3\xa9" };
    char origin[122];
    struct home_new wanted = { .role = HOME_HUB };
    assert_identity(E_USAGE, "origin", &wanted);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        wanted.origin = wrong[i];
        assert_identity(E_USAGE, "origin", &wanted);
    }
    memset(origin, 'o', sizeof origin);
    origin[121] = 0;
    wanted.origin = origin;
    assert_identity(E_USAGE, "origin", &wanted);
    origin[120] = 0;
    assert_identity(E_OK, "", &wanted);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, scratch_make, scratch_drop)

int main(void)
{
    const struct CMUnitTest facts[] = {
        FACT(a_nodes_home_is_made_and_opened),
        FACT(a_hubs_home_has_an_origin_and_a_log_key),
        FACT(nobody_else_can_look_into_it),
        FACT(a_home_that_was_moved_is_the_same),
        FACT(its_path_is_absolute_however_it_is_named),
        FACT(no_two_identities_are_the_same),
        FACT(only_one_process_holds_it),
        FACT(what_is_no_home_is_not_found),
        FACT(a_path_that_leaves_no_room_for_a_socket_is_refused),
        FACT(an_inception_with_any_byte_changed_is_corrupt),
        FACT(an_inception_that_is_cut_or_too_long_is_corrupt),
        FACT(keys_that_are_missing_open_to_others_or_somebody_elses_are_refused),
        FACT(the_keys_are_wiped_when_it_is_closed_or_not_opened),
        FACT(without_the_offline_keys_it_opens),
        FACT(a_home_is_made_once),
        FACT(what_was_half_made_is_removed_and_what_was_there_stays),
        FACT(what_stands_in_the_way_is_named),
        FACT(names_that_do_not_fit_are_refused),
        FACT(a_title_is_one_line_of_bounded_length),
        FACT(the_level_follows_the_geoid_unless_it_is_said),
        FACT(an_origin_names_a_log_and_nothing_else),
    };
    return cmocka_run_group_tests(facts, id_begin, NULL);
}
