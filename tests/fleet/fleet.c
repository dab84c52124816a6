/* fleet: runs N nodes against a hub and says in one line of JSON how it went. */
#include "fleet.h"

#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/service.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "net/peer.h"

static const char usage[] =
    "usage: fleet --dir DIR --nodes N (--hub-home HOME | --tokens FILE) [options]\n"
    "  --first K         number of the first node (0)\n"
    "  --records R       records each node writes (0)\n"
    "  --payload BYTES   of each (500)\n"
    "  --run N           most records in a batch, 1 to 256 (256)\n"
    "  --live RATE       write on live links, RATE records a second in all, instead of before connecting\n"
    "  --import DIR      one node a jurisdiction of the tables in DIR, their rows as records\n"
    "  --list            name the tables in DIR, and their snapshots, and do no more\n"
    "  --snapshot S      of the tables: rows of S, and those before it\n"
    "  --follow own|office   (own)\n"
    "  --map SIZE        of each store (16MiB)\n"
    "  --heartbeat D, --redial-min D, --redial-max D, --greeting D, --timeout D\n"
    "  --jobs N          threads that write before connecting (2)\n"
    "  --stay            stay connected until SIGTERM\n"
    "  --quiet           log nothing but errors\n";

enum word {
    W_NODES = 1,
    W_FIRST,
    W_DIR,
    W_HUB,
    W_TOKENS,
    W_RECORDS,
    W_PAYLOAD,
    W_RUN,
    W_LIVE,
    W_IMPORT,
    W_LIST,
    W_SNAPSHOT,
    W_FOLLOW,
    W_MAP,
    W_HEARTBEAT,
    W_REDIAL_MIN,
    W_REDIAL_MAX,
    W_GREETING,
    W_TIMEOUT,
    W_JOBS,
    W_STAY,
    W_QUIET,
};

static const struct option words[] = {
    { "nodes", required_argument, NULL, W_NODES },
    { "first", required_argument, NULL, W_FIRST },
    { "dir", required_argument, NULL, W_DIR },
    { "hub-home", required_argument, NULL, W_HUB },
    { "tokens", required_argument, NULL, W_TOKENS },
    { "records", required_argument, NULL, W_RECORDS },
    { "payload", required_argument, NULL, W_PAYLOAD },
    { "run", required_argument, NULL, W_RUN },
    { "live", required_argument, NULL, W_LIVE },
    { "import", required_argument, NULL, W_IMPORT },
    { "list", no_argument, NULL, W_LIST },
    { "snapshot", required_argument, NULL, W_SNAPSHOT },
    { "follow", required_argument, NULL, W_FOLLOW },
    { "map", required_argument, NULL, W_MAP },
    { "heartbeat", required_argument, NULL, W_HEARTBEAT },
    { "redial-min", required_argument, NULL, W_REDIAL_MIN },
    { "redial-max", required_argument, NULL, W_REDIAL_MAX },
    { "greeting", required_argument, NULL, W_GREETING },
    { "timeout", required_argument, NULL, W_TIMEOUT },
    { "jobs", required_argument, NULL, W_JOBS },
    { "stay", no_argument, NULL, W_STAY },
    { "quiet", no_argument, NULL, W_QUIET },
    { NULL, 0, NULL, 0 },
};

static enum err take_text(int word, const char *value, struct fleet_options *o)
{
    switch (word) {
    case W_DIR:
        o->dir = value;
        return E_OK;
    case W_HUB:
        o->hub_home = value;
        return E_OK;
    case W_TOKENS:
        o->tokens = value;
        return E_OK;
    case W_IMPORT:
        o->import = value;
        return E_OK;
    case W_SNAPSHOT:
        o->snapshot = value;
        return E_OK;
    case W_FOLLOW:
        o->node.follow = strcmp(value, "office") == 0 ? FOLLOW_OFFICE : FOLLOW_OWN;
        return E_OK;
    case W_LIST:
        o->list = true;
        return E_OK;
    case W_STAY:
        o->stay = true;
        return E_OK;
    case W_QUIET:
        o->quiet = true;
        return E_OK;
    case W_LIVE:
        o->live = strtod(value, NULL);
        return o->live > 0 ? E_OK : fail(E_USAGE, "--live wants records a second");
    default:
        return E_NOT_FOUND;
    }
}

static enum err take_duration(int word, const char *value, struct fleet_options *o)
{
    uint64_t ms;
    if (word < W_HEARTBEAT || word > W_TIMEOUT)
        return E_NOT_FOUND;
    TRY(parse_duration_ms(value, &ms));
    switch (word) {
    case W_HEARTBEAT:
        o->node.heartbeat_ms = (uint32_t)ms;
        break;
    case W_REDIAL_MIN:
        o->node.redial_min_ms = ms;
        break;
    case W_REDIAL_MAX:
        o->node.redial_max_ms = ms;
        break;
    case W_GREETING:
        o->node.greeting_timeout_ms = ms;
        break;
    default:
        o->timeout_ms = ms;
    }
    return E_OK;
}

static enum err take_number(int word, const char *value, struct fleet_options *o)
{
    uint64_t number;
    if (word == W_MAP)
        return parse_size(value, &o->node.map_bytes);
    TRY(parse_u64(value, &number));
    switch (word) {
    case W_NODES:
        o->nodes = number;
        break;
    case W_FIRST:
        o->first = number;
        break;
    case W_RECORDS:
        o->records = number;
        break;
    case W_PAYLOAD:
        o->payload = number;
        break;
    case W_RUN:
        o->node.run_records = (uint32_t)number;
        break;
    default:
        o->jobs = (unsigned)number;
    }
    return E_OK;
}

static enum err check_options(const struct fleet_options *o)
{
    if (o->list && o->import != NULL)
        return E_OK;
    if (o->dir == NULL || (o->nodes == 0 && o->import == NULL))
        return fail(E_USAGE, "--dir and --nodes or --import are needed");
    if (o->payload < 64 || o->payload > MAX_PAYLOAD_BYTES)
        return fail(E_USAGE, "--payload: 64 to %u", MAX_PAYLOAD_BYTES);
    if (o->node.run_records < 1 || o->node.run_records > MAX_RUN_RECORDS)
        return fail(E_USAGE, "--run: 1 to %u", MAX_RUN_RECORDS);
    if (o->jobs < 1)
        return fail(E_USAGE, "--jobs: 1 or more");
    return E_OK;
}

static enum err parse_words(int argc, char **argv, struct fleet_options *o)
{
    *o = (struct fleet_options){ .payload = 500, .jobs = 2, .timeout_ms = 600000, .node = node_defaults() };
    o->node.map_bytes = 16 << 20;
    o->node.follow = FOLLOW_OWN;
    o->node.watch = false;
    o->node.mark_ms = 5000;
    o->node.greeting_timeout_ms = 20000;
    int word;
    while ((word = getopt_long(argc, argv, "", words, NULL)) != -1) {
        enum err err = word == '?' ? fail(E_USAGE, "unknown option") : take_text(word, optarg, o);
        if (err == E_NOT_FOUND)
            err = take_duration(word, optarg, o);
        if (err == E_NOT_FOUND)
            err = take_number(word, optarg, o);
        TRY(err);
    }
    return check_options(o);
}

/* ---- the way of a fleet */

struct spent {
    uint64_t make_ms, enrol_ms, load_ms, sync_ms;
    size_t joined;
};

/* Those that are new come to the hub with their inceptions, and hang up: what is measured later begins with
 * the dial. */
static enum err be_enrolled(struct fleet *fleet, struct spent *spent)
{
    uint64_t begin = clock_mono_ms();
    TRY(fleet_enrol(fleet, &spent->joined));
    if (spent->joined > 0) {
        TRY(fleet_open(fleet));
        TRY(fleet_settle(fleet));
        fleet_close(fleet);
    }
    TRY(fleet_open(fleet));
    spent->enrol_ms = clock_mono_ms() - begin;
    return E_OK;
}

static enum err be_loaded(struct fleet *fleet, struct spent *spent)
{
    uint64_t begin = clock_mono_ms();
    if (fleet->options.import != NULL)
        TRY(fleet_load_import(fleet));
    else if (fleet->options.live <= 0)
        TRY(fleet_load(fleet));
    spent->load_ms = clock_mono_ms() - begin;
    return E_OK;
}

static enum err be_synced(struct fleet *fleet, struct spent *spent)
{
    uint64_t begin = clock_mono_ms();
    if (fleet->options.live > 0) {
        TRY(fleet_settle(fleet));
        begin = clock_mono_ms();
        TRY(fleet_live(fleet));
    }
    TRY(fleet_settle(fleet));
    spent->sync_ms = clock_mono_ms() - begin;
    return E_OK;
}

static enum err sail(struct fleet *fleet, struct spent *spent)
{
    uint64_t begin = clock_mono_ms();
    TRY(fleet->options.import != NULL ? fleet_import_identities(fleet) : fleet_identities(fleet));
    spent->make_ms = clock_mono_ms() - begin;
    TRY(be_enrolled(fleet, spent));
    TRY(be_loaded(fleet, spent));
    return be_synced(fleet, spent);
}

/* ---- the report */

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void add_spans(struct fleet *fleet, json_t *out)
{
    if (fleet->n_spans == 0)
        return;
    qsort(fleet->spans, fleet->n_spans, sizeof *fleet->spans, by_size);
    json_object_set_new(out, "live_p50_ms", json_real(fleet->spans[fleet->n_spans / 2] / 1000.0));
    json_object_set_new(out, "live_p99_ms", json_real(fleet->spans[fleet->n_spans * 99 / 100] / 1000.0));
}

static void report(struct fleet *fleet, const struct spent *spent)
{
    uint64_t batches = 0, dials = 0, strikes = 0, records = 0;
    for (size_t i = 0; i < fleet->count; i++) {
        batches += fleet->nodes[i].node->counters.batches;
        dials += fleet->nodes[i].node->counters.dials;
        strikes += fleet->nodes[i].node->counters.strikes;
        records += outbox_acknowledged(&fleet->nodes[i].node->outbox);
    }
    double seconds = (double)spent->sync_ms / 1000.0;
    json_t *out = json_pack(
        "{s:I,s:I,s:I,s:I,s:i,s:I,s:f,s:f,s:f,s:f,s:f,s:I,s:I,s:I}", "nodes", (json_int_t)fleet->count,
        "written", (json_int_t)fleet->written, "acknowledged", (json_int_t)records, "payload_bytes",
        (json_int_t)fleet->options.payload, "run", (int)fleet->options.node.run_records, "joined",
        (json_int_t)spent->joined, "make_seconds", (double)spent->make_ms / 1000.0, "enrol_seconds",
        (double)spent->enrol_ms / 1000.0, "load_seconds", (double)spent->load_ms / 1000.0, "sync_seconds",
        seconds, "records_per_second", seconds > 0 ? (double)fleet->written / seconds : 0.0, "batches",
        (json_int_t)batches, "dials", (json_int_t)dials, "strikes", (json_int_t)strikes);
    if (fleet->import_tables != NULL)
        json_object_set(out, "tables", fleet->import_tables);
    add_spans(fleet, out);
    json_dumpf(out, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6));
    putchar('\n');
    fflush(stdout);
    json_decref(out);
}

static enum err boot(struct fleet *fleet)
{
    log_level_set(fleet->options.quiet ? LOG_ERROR : LOG_WARN);
    TRY(service_init(&fleet->signal_fd));
    TRY(id_init());
    return net_init(fleet->options.import != NULL ? 8192 : 2 * fleet->options.nodes + 64, 1);
}

static int list(const struct fleet *fleet)
{
    if (fleet_import_list(fleet, stdout) == E_OK)
        return 0;
    fprintf(stderr, "fleet: %s\n", err_message());
    return 1;
}

int main(int argc, char **argv)
{
    struct fleet fleet = { 0 };
    struct spent spent = { 0 };
    if (parse_words(argc, argv, &fleet.options) != E_OK) {
        fprintf(stderr, "fleet: %s\n%s", err_message(), usage);
        return 2;
    }
    if (fleet.options.list)
        return list(&fleet);
    enum err err = boot(&fleet);
    if (err == E_OK)
        err = sail(&fleet, &spent);
    if (err == E_OK && !fleet.stopped)
        report(&fleet, &spent);
    if (err == E_OK && fleet.options.stay)
        err = fleet_stay(&fleet);
    if (err != E_OK)
        fprintf(stderr, "fleet: %s: %s\n", err_name(err), err_message());
    fleet_close(&fleet);
    json_decref(fleet.import_tables);
    free(fleet.nodes);
    free(fleet.spans);
    net_term();
    return err == E_OK ? 0 : 1;
}
