#include "daemon/records.h"

#include <stdio.h>
#include <string.h>

#include "app/answers.h"
#include "base/clock.h"
#include "base/text.h"
#include "daemon/accept.h"
#include "daemon/scribe.h"
#include "registry/desk.h"
#include "registry/row.h"

#define EXPORT_PAGE_BYTES (2U * 1024 * 1024) /* of payloads in one answer */

/* ---- what a node does in its own way */

/* By its own inception, where that is held. */
static bool find_name(void *context, struct store_view *view, const struct hash *author,
                      char out[static MAX_NAME_BYTES + 1])
{
    struct row first;
    struct inception inception;
    (void)context;
    if (row_find(view, author, 0, &first) != E_OK || inception_read(first.record.payload, &inception) != E_OK)
        return false;
    snprintf(out, MAX_NAME_BYTES + 1, "%s", inception.name);
    return true;
}

static enum err find_author(void *context, struct store_view *view, const char *name, struct hash *author)
{
    (void)context;
    if (text_is_name(name) && accept_name(view, name, author))
        return E_OK;
    return fail(E_NOT_FOUND, "nobody is called \"%.80s\" here", name);
}

static enum err write_own(void *context, const struct author_request *request, struct author_result *results)
{
    return scribe_write(context, request, results);
}

/* Whether a hub holds it, of one's own. */
static void add_acknowledged(void *context, const struct record *record, json_t *row)
{
    struct node *node = context;
    if (!hash_equal(&record->header.author, &node->home.author))
        return;
    pthread_mutex_lock(&node->lock);
    bool acknowledged = record->header.seq < outbox_acknowledged(&node->outbox);
    pthread_mutex_unlock(&node->lock);
    json_object_set_new(row, "acknowledged", json_boolean(acknowledged));
}

static struct registry registry_of(struct node *node)
{
    static const struct registry_host host = { find_name, find_author, write_own, add_acknowledged };
    return (struct registry){ .store = node->store, .home = &node->home, .host = &host, .context = node };
}

#define AT_DESK(name, command)                                                                               \
    enum err name(void *context, const struct control_request *request, struct control_answer *answer)       \
    {                                                                                                        \
        struct registry registry = registry_of(context);                                                     \
        return command(&registry, request, answer);                                                          \
    }

AT_DESK(records_put, desk_put)
AT_DESK(records_amend, desk_amend)
AT_DESK(records_retract, desk_retract)
AT_DESK(records_ls, desk_ls)
AT_DESK(records_tail, desk_tail)
AT_DESK(records_show, desk_show)
AT_DESK(records_verify, desk_verify)

/* ---- export: one's own current statements, in the order of their engagements */

struct exporting {
    const struct registry *registry;
    struct store_view *view;
    struct control_answer *answer;
    json_t *rows;
    uint8_t after[16]; /* only engagements behind it ... */
    bool has_after;
    uint8_t last[16];  /* the last one looked at */
    uint64_t left;     /* rows */
    size_t bytes;      /* of payloads */
    uint64_t began_ms; /* monotonic */
    bool is_full;
    enum err err;
};

static bool page_ends(const struct exporting *e, size_t len)
{
    return e->left == 0 || (e->bytes > 0 && e->bytes + len > EXPORT_PAGE_BYTES) ||
           page_takes_long(e->began_ms, json_array_size(e->rows));
}

static bool export_row(struct exporting *e, const uint8_t engagement[static 16], const struct row *row)
{
    const struct record *r = &row->record;
    if (page_ends(e, r->payload.len)) {
        e->is_full = true;
        return false;
    }
    json_array_append_new(e->rows, row_export_json(e->registry, e->view, engagement, row));
    control_answer_blob(e->answer, r->payload);
    memcpy(e->last, engagement, 16);
    e->bytes += r->payload.len;
    e->left--;
    return true;
}

static bool export_one(void *context, struct bytes key, struct bytes value)
{
    struct exporting *e = context;
    struct row row;
    if (key.len != 16 || value.len != 8 || (e->has_after && memcmp(key.data, e->after, 16) <= 0))
        return true;
    e->err = row_find(e->view, &e->registry->home->author, get_u64(value.data), &row);
    if (e->err != E_OK)
        return false;
    if (row.record.header.payload_type != TYPE_ENGAGEMENT || !row.record.has_payload)
        return true;
    return export_row(e, key.data, &row);
}

enum err records_export(void *context, const struct control_request *request, struct control_answer *answer)
{
    struct node *node = context;
    const char *cursor = control_param(request, "cursor");
    AUTO(store_done) struct store_view *view = NULL;
    struct registry registry = registry_of(node);
    struct exporting e = {
        .registry = &registry, .answer = answer, .rows = json_array(), .began_ms = clock_mono_ms()
    };
    answer->body = json_pack("{s:o}", "rows", e.rows);
    TRY(param_limit(request, &e.left));
    e.has_after = cursor != NULL && cursor[0] != 0;
    if (e.has_after)
        TRY(id16_decode(cursor, e.after));
    TRY(store_read(node->store, &view));
    e.view = view;

    /* By first byte, so that a later page does not walk over all that came before. */
    for (int first = e.has_after ? e.after[0] : 0; first < 256 && e.err == E_OK && !e.is_full; first++) {
        uint8_t prefix = (uint8_t)first;
        TRY(store_each(view, STORE_SUBJECTS, BYTES_OF(prefix), export_one, &e));
    }
    TRY(e.err);
    if (e.is_full)
        json_object_set_new(answer->body, "cursor", json_id16(e.last));
    return E_OK;
}
