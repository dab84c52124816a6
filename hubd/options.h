/* options: what hub.conf may say, and what it says. Every wait and every bound of the hub is one of these. */
#pragma once

#include "app/conf.h"
#include "base/limits.h"
#include "base/log.h"

/* The table behind hub.conf; ends with a NULL name. */
extern const struct conf_option hub_options[];

struct options {
    char endpoint[MAX_ENDPOINT_BYTES + 1];        /* where the hub listens */
    char public_endpoint[MAX_ENDPOINT_BYTES + 1]; /* what invites carry; "": endpoint itself */
    enum log_level log_level;
    uint64_t store_map, view_map; /* bytes */
    size_t verifiers;
    int io_threads;
    size_t max_peers;
    uint64_t credit_window, credit_floor, credit_budget; /* bytes */
    uint64_t queue_bytes;
    size_t commit_records;
    uint64_t commit_bytes;
    uint64_t heartbeat_ms;
    uint32_t missed_heartbeats;
    uint64_t greeting_ms;
    uint64_t tick_ms;
    uint64_t retry_ms, pending_ms, full_ms, herd_ms;
    uint64_t push_rate; /* links a second that are told of the office's new records */
    uint32_t strikes;
    uint64_t ban_ms, ban_max_ms;
    uint64_t invite_ms;
    size_t project_records;
    uint64_t linger_ms;
};

/* Reads the file (a missing one gives the fallbacks). E_USAGE names file, line and what was expected; or the
 * file, when credit_floor is above credit_window. */
enum err options_read(const char *path, struct options *out);
