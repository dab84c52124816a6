#include "hubd/hub.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "hubd/admit.h"
#include "hubd/commands.h"
#include "hubd/front.h"
#include "hubd/projector.h"
#include "hubd/verify.h"
#include "hubd/writer.h"

enum err hub_check(const char *path, struct options *options)
{
    AUTO(home_clear) struct home home = { 0 };
    TRY(home_open(path, &home));
    if (home.role != HOME_HUB)
        return fail(E_USAGE, "%s is the home of a node, not of a hub", home.path);
    return options_read(home.conf, options);
}

/* The log begins with the hub's own inception, or it is not this hub's log. */
static enum err check_first(const struct hub *hub, struct store_view *view)
{
    struct bytes entry, payload;
    struct record record;
    if (store_size(view) == 0)
        return fail(E_NOT_FOUND, "the store of %s does not begin with the hub's inception", hub->home.path);
    TRY(store_at(view, 0, &entry, &payload));
    TRY(record_parse(entry, &record));
    if (record.header.seq != 0 || !hash_equal(&record.header.author, &hub->home.author))
        return fail(E_CORRUPT, "the log of %s begins with another's inception", hub->home.path);
    return E_OK;
}

static enum err open_store(struct hub *hub)
{
    struct store_options options = { .folder = hub->home.store,
                                     .map_bytes = hub->options.store_map,
                                     .log = true };
    TRY(store_open(&options, &hub->store));
    AUTO(store_done) struct store_view *view = NULL;
    TRY(store_read(hub->store, &view));
    TRY(check_first(hub, view));
    hub->members = members_new();
    return members_load(hub->members, view);
}

static void bound_peers(struct hub *hub)
{
    struct rlimit limit;
    size_t *peers = &hub->options.max_peers;
    hub->asked_peers = *peers;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
        limit.rlim_cur >= *peers + HUB_SPARE_DESCRIPTORS)
        return;
    *peers = limit.rlim_cur > 2 * HUB_SPARE_DESCRIPTORS ? limit.rlim_cur - HUB_SPARE_DESCRIPTORS
                                                        : limit.rlim_cur / 2;
    log_warn("descriptors=%" PRIu64
             " max_peers=%zu msg=\"too few descriptors for all peers: raise LimitNOFILE\"",
             (uint64_t)limit.rlim_cur, *peers);
}

static enum err open_home(const char *path, const struct options *options, struct hub *hub)
{
    hub->options = *options;
    bound_peers(hub);
    hub->lock_fd = hub->fail_fd = -1;
    hub->started_ms = clock_mono_ms();
    TRY(home_open(path, &hub->home));
    if (hub->home.role != HOME_HUB)
        return fail(E_USAGE, "%s is the home of a node, not of a hub", hub->home.path);
    TRY(file_lock(hub->home.lock, &hub->lock_fd));
    hub->fail_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return hub->fail_fd >= 0 ? E_OK : fail_errno(E_IO, "cannot make an eventfd");
}

/* What was committed before counts as heard of. */
static void wake_projector(struct hub *hub)
{
    AUTO(store_done) struct store_view *view = NULL;
    if (store_read(hub->store, &view) == E_OK)
        projector_signal(hub->projector, store_size(view));
}

static enum err boot(const char *path, const struct options *options, struct hub *hub)
{
    TRY(open_home(path, options, hub));
    TRY(open_store(hub));
    TRY(view_open(hub->home.view, options->view_map, hub->store, &hub->view));
    TRY(zap_new(&hub->zap));
    admit_allow_all(hub);
    TRY(projector_new(hub, &hub->projector));
    wake_projector(hub);
    TRY(writer_new(hub, &hub->writer));
    TRY(verify_new(hub, &hub->verify));
    TRY(front_new(hub, &hub->front));
    return control_serve(hub->home.control, hub_commands, hub, &hub->control);
}

enum err hub_open(const char *path, const struct options *options, struct hub *hub)
{
    *hub = (struct hub){ 0 };
    enum err err = boot(path, options, hub);
    if (err == E_OK)
        return E_OK;
    char text[512];
    snprintf(text, sizeof text, "%s", err_message());
    hub_close(hub);
    return fail(err, "%s", text);
}

/* The reverse of the boot order, but for this: nothing new comes in first, then what is under way goes
 * through the verifiers and the writer, and its answers still go out. */
void hub_close(struct hub *hub)
{
    front_quiesce(hub->front);
    control_stop(&hub->control);
    verify_stop(hub->verify);
    writer_stop(&hub->writer);
    verify_free(&hub->verify);
    front_free(&hub->front);
    projector_stop(&hub->projector);
    view_close(&hub->view);
    zap_free(&hub->zap);
    members_free(&hub->members);
    store_close(&hub->store);
    home_clear(&hub->home);
    if (hub->fail_fd >= 0)
        close(hub->fail_fd);
    if (hub->lock_fd >= 0)
        close(hub->lock_fd);
    hub->fail_fd = hub->lock_fd = -1;
}

void hub_fail(struct hub *hub, enum err code)
{
    int none = E_OK;
    if (!atomic_compare_exchange_strong(&hub->failure, &none, (int)code))
        return;
    uint64_t one = 1;
    ssize_t written = write(hub->fail_fd, &one, sizeof one);
    (void)written; /* an eventfd takes one */
}
