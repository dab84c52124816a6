/* A configuration file. What was read, written as a fresh file, must be read as the same. */
#include <string.h>

#include "app/conf.h"
#include "memory_file.h"

static const char *const follows[] = { "office", "own", NULL };
static const struct conf_option options[] = {
    { "endpoint", CONF_TEXT, "tcp://127.0.0.1:7443", 0, 0, NULL, "A text." },
    { "follow", CONF_TEXT, "office", 0, 0, follows, "One of some words." },
    { "verifiers", CONF_NUMBER, "1", 1, 64, NULL, "A number." },
    { "heartbeat", CONF_DURATION, "15s", 1, 3600000, NULL, "A duration." },
    { "map_size", CONF_SIZE, "64GiB", 65536, (uint64_t)1 << 44, NULL, "A size." },
    { "quiet", CONF_FLAG, "no", 0, 0, NULL, "A flag." },
    { "hubs", CONF_TEXTS, NULL, 0, 0, NULL, "Texts." },
    { 0 },
};

static void check_values(const struct conf *conf)
{
    for (const struct conf_option *o = options; o->name != NULL; o++) {
        uint64_t number = conf_number(conf, o->name);
        if (o->type == CONF_TEXTS)
            continue;
        MUST(conf_text(conf, o->name) != NULL);
        if (o->max > 0 && conf_text(conf, o->name)[0] != 0)
            MUST(number >= o->min && number <= o->max);
    }
}

static void check_written(const struct conf *conf)
{
    AUTO(buf_clear) struct buf text = { 0 };
    const char *overrides[2 * sizeof options / sizeof *options] = { 0 };
    size_t n = 0;
    for (const struct conf_option *o = options; o->name != NULL; o++) {
        if (o->type == CONF_TEXTS || conf_text(conf, o->name)[0] == 0)
            continue;
        overrides[n++] = o->name;
        overrides[n++] = conf_text(conf, o->name);
    }
    conf_template(options, overrides, &text);
    struct memory_file file = memory_file_of(text.data, text.len);
    struct conf *again;
    MUST(conf_read(file.path, options, &again) == E_OK);
    for (size_t i = 0; i < n; i += 2) {
        MUST(strcmp(conf_text(again, overrides[i]), overrides[i + 1]) == 0);
        MUST(conf_number(again, overrides[i]) == conf_number(conf, overrides[i]));
    }
    conf_free(&again);
    memory_file_close(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct memory_file file = memory_file_of(data, size);
    struct conf *conf;
    enum err err = conf_read(file.path, options, &conf);
    MUST(err == E_OK || err == E_USAGE || err == E_TOO_BIG);
    MUST((err == E_OK) == (conf != NULL));
    if (err == E_OK) {
        check_values(conf);
        check_written(conf);
    }
    conf_free(&conf);
    memory_file_close(&file);
    return 0;
}
