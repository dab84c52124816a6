#include "hubd/office.h"

#include <stdio.h>
#include <string.h>

#include "hubd/writer.h"
#include "registry/author.h"

static bool find_name(void *context, struct store_view *view, const struct hash *author,
                      char out[static MAX_NAME_BYTES + 1])
{
    struct hub *hub = context;
    struct member member;
    (void)view;
    if (!members_get(hub->members, author, &member, NULL))
        return false;
    snprintf(out, MAX_NAME_BYTES + 1, "%s", member.name);
    return true;
}

static enum err find_author(void *context, struct store_view *view, const char *name, struct hash *author)
{
    struct hub *hub = context;
    struct member member;
    (void)view;
    TRY(members_find(hub->members, name, &member));
    if (strcmp(member.name, name) != 0)
        return fail(E_NOT_FOUND, "nobody is called \"%.80s\"; did you mean %s?", name, member.name);
    *author = member.author;
    return E_OK;
}

/* ---- writing */

struct writing {
    struct hub *hub;
    const struct author_request *request;
    struct author_result *results;
    struct write *write;
};

static enum err append(void *context, uint32_t type, enum visibility visibility, struct bytes payload,
                       uint64_t *seq, struct hash *id)
{
    struct write *write = ((struct writing *)context)->write;
    return own_append(write->own, write->txn, KIND_STATEMENT, (uint16_t)visibility, type, payload, seq, id);
}

/* In the writer's thread. */
static enum err write_request(void *context, struct write *write)
{
    struct writing *writing = context;
    writing->write = write;
    AUTO(store_done) struct store_view *view = NULL;
    TRY(store_read(writing->hub->store, &view));
    struct author_pen pen = {
        .author = &writing->hub->home.author,
        .view = view,
        .txn = write->txn,
        .next = own_next(write->own),
        .append = append,
        .context = writing,
    };
    return author_write(&pen, writing->request, writing->results);
}

static enum err write_own(void *context, const struct author_request *request, struct author_result *results)
{
    struct hub *hub = context;
    struct writing writing = { .hub = hub, .request = request, .results = results };
    struct call call = { .run = write_request, .context = &writing };
    return writer_call(hub->writer, &call);
}

struct registry office_registry(struct hub *hub)
{
    static const struct registry_host host = { find_name, find_author, write_own, NULL };
    return (struct registry){
        .store = hub->store, .home = &hub->home, .has_log = true, .host = &host, .context = hub
    };
}
