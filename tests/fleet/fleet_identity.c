#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "core/run.h"
#include "fleet.h"

/* The identity file: record seed[32], transport seed[32], packed inception. */
#define SEEDS_BYTES 64
#define IDENTITY_MAX 65536

static enum err make_identity(const struct fleet_person *person, const char *path, struct home *home,
                              struct buf *inception)
{
    struct home_new wanted = {
        .role = HOME_NODE,
        .name = person->name,
        .level = person->level,
        .geoid = person->geoid,
        .title = person->title,
    };
    AUTO(buf_clear) struct buf file = { 0 };
    TRY(home_identity(&wanted, home, inception));
    buf_append(&file, home->record.seed, 32);
    buf_append(&file, home->transport.seed, 32);
    buf_bytes(&file, buf_view(inception));
    return file_write(path, buf_view(&file), 0600);
}

static enum err read_identity(struct bytes file, struct home *home, struct buf *inception)
{
    if (file.len <= SEEDS_BYTES)
        return fail(E_CORRUPT, "an identity of %zu bytes", file.len);
    secret_from_seed(file.data, &home->record);
    secret_transport_from_seed(file.data + 32, &home->transport);
    buf_append(inception, file.data + SEEDS_BYTES, file.len - SEEDS_BYTES);

    struct bytes rest = buf_view(inception);
    struct record record;
    TRY(run_next(&rest, &record));
    TRY(inception_read(record.payload, &home->inception));
    home->author = record.header.author;
    return E_OK;
}

enum err fleet_identity(struct fleet *fleet, const struct fleet_person *person, struct fleet_node *out)
{
    AUTO(buf_clear) struct buf file = { 0 }, inception = { 0 };
    char path[300];
    snprintf(out->folder, sizeof out->folder, "%.170s/%.64s", fleet->options.dir,
             person->folder != NULL ? person->folder : person->name);
    snprintf(path, sizeof path, "%s/identity", out->folder);
    TRY(dir_make(out->folder, 0700));
    enum err err = file_read(path, IDENTITY_MAX, &file);
    if (err == E_NOT_FOUND)
        err = make_identity(person, path, &out->home, &inception);
    else if (err == E_OK)
        err = read_identity(buf_view(&file), &out->home, &inception);
    TRY(err);
    snprintf(out->home.path, sizeof out->home.path, "%.199s", out->folder);
    snprintf(out->home.store, sizeof out->home.store, "%.230s/store", out->folder);
    out->fd = -1;
    return node_open(&fleet->options.node, &out->home, buf_view(&inception), &out->node);
}

enum err fleet_identities(struct fleet *fleet)
{
    fleet->nodes = mem_alloc(fleet->options.nodes * sizeof *fleet->nodes);
    for (size_t i = 0; i < fleet->options.nodes; i++) {
        char name[32];
        snprintf(name, sizeof name, "us-fleet-%05zu", fleet->options.first + i);
        struct fleet_person person = { .name = name, .level = "city", .geoid = "", .title = name };
        TRY(fleet_identity(fleet, &person, &fleet->nodes[i]));
        fleet->count++;
    }
    return E_OK;
}

enum err fleet_open(struct fleet *fleet)
{
    for (size_t i = 0; i < fleet->count; i++) {
        struct fleet_node *one = &fleet->nodes[i];
        one->fd = -1;
        one->dials = one->next_ms = 0;
        one->settled = false;
        if (one->node == NULL)
            TRY(node_open(&fleet->options.node, &one->home, (struct bytes){ NULL, 0 }, &one->node));
    }
    fleet->settled = 0;
    return E_OK;
}

void fleet_close(struct fleet *fleet)
{
    for (size_t i = 0; i < fleet->count; i++)
        node_close(&fleet->nodes[i].node);
}
