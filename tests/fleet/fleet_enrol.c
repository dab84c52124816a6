#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/control.h"
#include "base/file.h"
#include "core/token.h"
#include "fleet.h"

#define NAMES_A_CALL 500
#define CALL_MS 120000
#define TOKENS_MAX (64U << 20)

static bool has_joined(struct fleet_node *one)
{
    AUTO(store_done) struct store_view *view = NULL;
    struct peer_row rows[PEERS_MAX];
    size_t count = 0;
    return store_read(one->node->store, &view) == E_OK && peers_load(view, rows, &count) == E_OK && count > 0;
}

static struct fleet_node *find_node(struct fleet *fleet, const char *name)
{
    for (size_t i = 0; i < fleet->count; i++)
        if (strcmp(fleet->nodes[i].home.inception.name, name) == 0)
            return &fleet->nodes[i];
    return NULL;
}

static enum err join_with(struct fleet *fleet, const char *text, size_t *joined)
{
    struct token token;
    struct peer_row row;
    TRY(token_decode(text, &token));
    struct fleet_node *one = find_node(fleet, token.name);
    if (one == NULL || has_joined(one))
        return E_OK;
    TRY(node_join(one->node, &token, &row));
    ++*joined;
    return E_OK;
}

/* ---- invites of a running hub */

static enum err take_invites(struct fleet *fleet, const struct control_answer *answer, size_t *joined)
{
    size_t i;
    json_t *invite;
    json_array_foreach(json_object_get(answer->body, "invites"), i, invite)
    {
        const char *token = json_string_value(json_object_get(invite, "token"));
        if (token == NULL)
            return fail(E_MALFORMED, "an invite without a token");
        TRY(join_with(fleet, token, joined));
    }
    return E_OK;
}

static enum err invite(struct fleet *fleet, struct control_client *hub, struct buf *names, size_t *joined)
{
    AUTO(control_request_clear)
    struct control_request request = { .command = "invite.new", .params = json_object() };
    AUTO(control_answer_clear) struct control_answer answer = { 0 };
    json_object_set_new(request.params, "for", json_string(buf_string(names)));
    names->len = 0;
    TRY(control_call(hub, &request, &answer));
    if (answer.code != E_OK)
        return fail(answer.code, "the hub gives no invites: %s", answer.message);
    return take_invites(fleet, &answer, joined);
}

static enum err enrol_by_hub(struct fleet *fleet, size_t *joined)
{
    AUTO(control_disconnect) struct control_client *hub = NULL;
    AUTO(buf_clear) struct buf names = { 0 };
    char path[256];
    size_t waiting = 0;
    snprintf(path, sizeof path, "%s/control.sock", fleet->options.hub_home);
    for (size_t i = 0; i < fleet->count; i++) {
        if (!has_joined(&fleet->nodes[i])) {
            buf_printf(&names, "%s%s", names.len > 0 ? "\n" : "", fleet->nodes[i].home.inception.name);
            waiting++;
        }
        if (waiting == 0 || (waiting < NAMES_A_CALL && i + 1 < fleet->count))
            continue;
        if (hub == NULL)
            TRY(control_connect(path, CALL_MS, &hub));
        TRY(invite(fleet, hub, &names, joined));
        waiting = 0;
    }
    return E_OK;
}

/* ---- invites of a file */

static enum err enrol_by_file(struct fleet *fleet, size_t *joined)
{
    AUTO(buf_clear) struct buf file = { 0 };
    TRY(file_read(fleet->options.tokens, TOKENS_MAX, &file));
    char *rest = NULL;
    buf_string(&file);
    for (char *line = strtok_r((char *)file.data, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        const char *token = strstr(line, "chancery1-");
        if (token != NULL)
            TRY(join_with(fleet, token, joined));
    }
    return E_OK;
}

enum err fleet_enrol(struct fleet *fleet, size_t *joined)
{
    *joined = 0;
    if (fleet->options.tokens != NULL)
        TRY(enrol_by_file(fleet, joined));
    if (fleet->options.hub_home != NULL)
        TRY(enrol_by_hub(fleet, joined));
    return E_OK;
}
