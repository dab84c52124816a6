#include "daemon/options.h"

#include <string.h>

#define DAY_MS 86400000ULL
#define MIB (1ULL << 20)

static const char *const follow_words[] = { "office", "own", NULL };
static const char *const level_words[] = { "error", "warn", "info", "debug", NULL };

const struct conf_option node_conf[] = {
    { "follow", CONF_TEXT, "office", 0, 0, follow_words,
      "Whose records come down to this node: the office's and its own, or its own only." },
    { "heartbeat", CONF_DURATION, "15s", 10, DAY_MS, NULL, "How often a quiet link says that it is alive." },
    { "missed_heartbeats", CONF_NUMBER, "4", 2, 100, NULL,
      "A link is dead after so many silent heartbeats." },
    { "redial_min", CONF_DURATION, "1s", 1, DAY_MS, NULL, "The shortest wait before a hub is dialed again." },
    { "redial_max", CONF_DURATION, "5m", 1, DAY_MS, NULL, "The longest." },
    { "steady", CONF_DURATION, "60s", 1, DAY_MS, NULL,
      "A link that was up so long is dialed again with the shortest wait." },
    { "greeting_timeout", CONF_DURATION, "15s", 10, DAY_MS, NULL, "How long a hub may take to greet." },
    { "mark_interval", CONF_DURATION, "1s", 0, DAY_MS, NULL,
      "Acknowledgements are written down at most so often." },
    { "clock_skew", CONF_DURATION, "5m", 1, 365 * DAY_MS, NULL,
      "A hub's clock further off ours is reported." },
    { "outbox_age", CONF_DURATION, "24h", 0, 0, NULL,
      "Records that no hub has taken for so long are reported; 0 is never." },
    { "full_retry", CONF_DURATION, "10s", 1, DAY_MS, NULL, "How often a full disk is tried again." },
    { "batch_bytes", CONF_SIZE, "256KiB", 4096, MAX_BATCH_BYTES, NULL,
      "The most that goes to a hub in one message." },
    { "run_records", CONF_NUMBER, "256", 1, MAX_RUN_RECORDS, NULL, "The most records in one message." },
    { "credit", CONF_SIZE, "1MiB", 65536, 64 * MIB, NULL,
      "What a hub may send before this node has stored it." },
    { "store_map", CONF_SIZE, "64GiB", MIB, 1ULL << 44, NULL,
      "Address space for the store; the disk space that it can grow to." },
    { "log_level", CONF_TEXT, "info", 0, 0, level_words, "What is logged." },
    { NULL, CONF_TEXT, NULL, 0, 0, NULL, NULL },
};

enum err node_conf_read(const char *path, struct node_options *out, enum log_level *level)
{
    AUTO(conf_free) struct conf *conf = NULL;
    TRY(conf_read(path, node_conf, &conf));
    *out = node_defaults();
    out->follow = strcmp(conf_text(conf, "follow"), "own") == 0 ? FOLLOW_OWN : FOLLOW_OFFICE;
    out->heartbeat_ms = (uint32_t)conf_number(conf, "heartbeat");
    out->missed_heartbeats = (uint32_t)conf_number(conf, "missed_heartbeats");
    out->redial_min_ms = conf_number(conf, "redial_min");
    out->redial_max_ms = conf_number(conf, "redial_max");
    out->steady_ms = conf_number(conf, "steady");
    out->greeting_timeout_ms = conf_number(conf, "greeting_timeout");
    out->mark_ms = conf_number(conf, "mark_interval");
    out->clock_skew_ms = conf_number(conf, "clock_skew");
    out->outbox_age_ms = conf_number(conf, "outbox_age");
    out->full_ms = conf_number(conf, "full_retry");
    out->batch_bytes = (uint32_t)conf_number(conf, "batch_bytes");
    out->run_records = (uint32_t)conf_number(conf, "run_records");
    out->credit_bytes = conf_number(conf, "credit");
    out->map_bytes = conf_number(conf, "store_map");
    if (!log_level_parse(conf_text(conf, "log_level"), level))
        *level = LOG_INFO;
    if (out->redial_max_ms < out->redial_min_ms)
        return fail(E_USAGE, "%s: redial_max is shorter than redial_min", path);
    return E_OK;
}
