#include "hubd/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const level_words[] = { "error", "warn", "info", "debug", NULL };

#define DAY_MS 86400000ULL
#define TIB (1ULL << 40)

const struct conf_option hub_options[] = {
    { "endpoint", CONF_TEXT, "tcp://*:7443", 0, 0, NULL, "Where the hub listens for nodes." },
    { "public_endpoint", CONF_TEXT, "", 0, 0, NULL,
      "How nodes reach it, as written into invites, like tcp://hub.example:7443." },
    { "log_level", CONF_TEXT, "info", 0, 0, level_words, "What is logged: error, warn, info or debug." },
    { "store_map", CONF_SIZE, "1TiB", 1 << 20, 64 * TIB, NULL,
      "Address space for the log; it can grow to that size. Takes no memory." },
    { "view_map", CONF_SIZE, "256GiB", 1 << 20, 64 * TIB, NULL, "The same for the national view." },
    { "verifiers", CONF_NUMBER, "2", 1, 64, NULL, "Threads that verify records." },
    { "io_threads", CONF_NUMBER, "2", 1, 16, NULL, "Threads that encrypt and decrypt what nodes send." },
    { "max_peers", CONF_NUMBER, "19000", 1, 1000000, NULL,
      "The most nodes connected at a time; more are told to come back later." },
    { "credit_window", CONF_SIZE, "256KiB", 4096, 64 << 20, NULL,
      "What one node may send ahead of its acknowledgements." },
    { "credit_floor", CONF_SIZE, "16KiB", 1024, 16 << 20, NULL,
      "What every node may send ahead when many are connected." },
    { "credit_budget", CONF_SIZE, "256MiB", 65536, TIB, NULL, "What all nodes together may send ahead." },
    { "queue_bytes", CONF_SIZE, "32MiB", 65536, TIB, NULL,
      "Records waiting in each queue between two threads. A full queue stops new credit." },
    { "commit_records", CONF_NUMBER, "8192", 1, 100000, NULL, "The most records of one synced commit." },
    { "commit_bytes", CONF_SIZE, "8MiB", 4096, 48 << 20, NULL, "The most bytes of one synced commit." },
    { "heartbeat", CONF_DURATION, "15s", 10, DAY_MS, NULL, "How often a silent node shows that it lives." },
    { "missed_heartbeats", CONF_NUMBER, "4", 1, 1000, NULL,
      "After so many heartbeats without a word a node counts as away." },
    { "greeting_timeout", CONF_DURATION, "15s", 10, DAY_MS, NULL, "How long a greeting may take." },
    { "tick_interval", CONF_DURATION, "60s", 1, DAY_MS, NULL,
      "A record of the time goes into the log before the first record after so long without one." },
    { "retry_after", CONF_DURATION, "5s", 1, DAY_MS, NULL,
      "When a node that cannot be served now comes back." },
    { "pending_retry", CONF_DURATION, "60s", 1, DAY_MS, NULL,
      "When a node that waits for an operator asks again." },
    { "full_retry", CONF_DURATION, "10s", 1, DAY_MS, NULL, "How often a full disk is tried again." },
    { "herd_window", CONF_DURATION, "2s", 1, DAY_MS, NULL,
      "Over how long nodes spread their return after a restart; more when there are more than 1,000." },
    { "push_rate", CONF_NUMBER, "1000", 1, 1000000, NULL,
      "Nodes a second that are sent the office's new records." },
    { "strikes", CONF_NUMBER, "10", 1, 1000000, NULL,
      "Violations of the protocol after which a node is refused for a while." },
    { "ban", CONF_DURATION, "30s", 1, DAY_MS, NULL,
      "How long the first time; twice as long each time after." },
    { "ban_max", CONF_DURATION, "1h", 1, 30 * DAY_MS, NULL, "How long at most." },
    { "invite_expires", CONF_DURATION, "72h", 1, 3650 * DAY_MS, NULL, "How long an invite can be used." },
    { "project_records", CONF_NUMBER, "8192", 1, 1000000, NULL,
      "The most records taken into the view in one step." },
    { "linger", CONF_DURATION, "250ms", 0, 60000, NULL, "How long a stopping hub lets its goodbyes go out." },
    { NULL, CONF_TEXT, NULL, 0, 0, NULL, NULL },
};

static enum err take_endpoint(const char *path, const struct conf *conf, const char *name,
                              char out[static MAX_ENDPOINT_BYTES + 1])
{
    const char *text = conf_text(conf, name);
    if (strlen(text) > MAX_ENDPOINT_BYTES)
        return fail(E_USAGE, "%s: %s: expected at most %u bytes", path, name, MAX_ENDPOINT_BYTES);
    snprintf(out, MAX_ENDPOINT_BYTES + 1, "%s", text);
    return E_OK;
}

/* What no single option is wrong about. */
static enum err check_together(const char *path, const struct options *o)
{
    if (o->credit_floor > o->credit_window)
        return fail(E_USAGE, "%s: credit_floor is more than credit_window", path);
    return E_OK;
}

enum err options_read(const char *path, struct options *out)
{
    AUTO(conf_free) struct conf *conf = NULL;
    TRY(conf_read(path, hub_options, &conf));
    *out = (struct options){
        .store_map = conf_number(conf, "store_map"),
        .view_map = conf_number(conf, "view_map"),
        .verifiers = conf_number(conf, "verifiers"),
        .io_threads = (int)conf_number(conf, "io_threads"),
        .max_peers = conf_number(conf, "max_peers"),
        .credit_window = conf_number(conf, "credit_window"),
        .credit_floor = conf_number(conf, "credit_floor"),
        .credit_budget = conf_number(conf, "credit_budget"),
        .queue_bytes = conf_number(conf, "queue_bytes"),
        .commit_records = conf_number(conf, "commit_records"),
        .commit_bytes = conf_number(conf, "commit_bytes"),
        .heartbeat_ms = conf_number(conf, "heartbeat"),
        .missed_heartbeats = (uint32_t)conf_number(conf, "missed_heartbeats"),
        .greeting_ms = conf_number(conf, "greeting_timeout"),
        .tick_ms = conf_number(conf, "tick_interval"),
        .retry_ms = conf_number(conf, "retry_after"),
        .pending_ms = conf_number(conf, "pending_retry"),
        .full_ms = conf_number(conf, "full_retry"),
        .herd_ms = conf_number(conf, "herd_window"),
        .push_rate = conf_number(conf, "push_rate"),
        .strikes = (uint32_t)conf_number(conf, "strikes"),
        .ban_ms = conf_number(conf, "ban"),
        .ban_max_ms = conf_number(conf, "ban_max"),
        .invite_ms = conf_number(conf, "invite_expires"),
        .project_records = conf_number(conf, "project_records"),
        .linger_ms = conf_number(conf, "linger"),
    };
    log_level_parse(conf_text(conf, "log_level"), &out->log_level);
    TRY(take_endpoint(path, conf, "endpoint", out->endpoint));
    TRY(take_endpoint(path, conf, "public_endpoint", out->public_endpoint));
    return check_together(path, out);
}
