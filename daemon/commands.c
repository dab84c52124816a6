#include "daemon/commands.h"

#include <stdio.h>
#include <string.h>

#include "app/answers.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "daemon/records.h"
#include "daemon/refused.h"
#include "daemon/status.h"
#include "daemon/uplink.h"

static json_t *peer_json(const struct face *face, uint64_t next)
{
    uint64_t acknowledged = face->acknowledged < next ? face->acknowledged : next;
    json_t *seconds = json_age(face->last_contact_ms, clock_wall_ms());
    return json_pack("{s:s,s:o,s:s,s:s,s:o,s:o,s:o,s:I,s:I,s:s,s:s,s:o,s:s}", "name", face->name, "author",
                     json_hex(face->author.b, HASH_BYTES), "state", face_state_word(face->state), "role",
                     "hub", "since", json_time(face->since_ms), "last_contact",
                     json_time(face->last_contact_ms), "last_contact_seconds", seconds, "behind_records",
                     (json_int_t)(next - acknowledged), "held_records", (json_int_t)face->held, "software",
                     face->software, "endpoint", face->endpoint, "key", json_hex(face->key.b, KEY_BYTES),
                     "reason", face->last_error);
}

static enum err peer_ls(void *context, const struct control_request *request, struct control_answer *answer)
{
    struct node *node = context;
    const char *state = control_param(request, "state");
    json_t *peers = json_array();
    pthread_mutex_lock(&node->lock);
    for (size_t i = 0; i < node->n_uplinks; i++) {
        const struct face *face = uplink_face(node->uplinks[i]);
        if (state == NULL || strcmp(state, face_state_word(face->state)) == 0)
            json_array_append_new(peers, peer_json(face, node->feed.next));
    }
    pthread_mutex_unlock(&node->lock);
    answer->body = json_pack("{s:o}", "peers", peers);
    return E_OK;
}

static bool is_meant(const struct face *face, const char *word)
{
    char hex[2 * HASH_BYTES + 1];
    hex_encode(face->author.b, HASH_BYTES, hex);
    return strncmp(face->name, word, strlen(word)) == 0 || strncasecmp(hex, word, strlen(word)) == 0;
}

/* By its name, its author in hex, or a prefix of either that only one peer has. */
static enum err find_peer(struct node *node, const struct control_request *request, struct face *out)
{
    const char *word = control_param(request, "peer");
    size_t found = 0;
    if (word == NULL || word[0] == 0)
        return fail(E_USAGE, "which peer? peer is missing");
    pthread_mutex_lock(&node->lock);
    for (size_t i = 0; i < node->n_uplinks; i++) {
        const struct face *face = uplink_face(node->uplinks[i]);
        bool exact = strcmp(face->name, word) == 0;
        if (!is_meant(face, word))
            continue;
        *out = *face;
        found = exact ? 1 : found + 1;
        if (exact)
            break;
    }
    pthread_mutex_unlock(&node->lock);
    if (found == 0)
        return fail(E_NOT_FOUND, "no peer is called \"%s\"", word);
    if (found > 1)
        return fail(E_USAGE, "several peers begin with \"%s\"", word);
    return E_OK;
}

static enum err answer_peer(struct node *node, const struct face *face, struct control_answer *answer)
{
    pthread_mutex_lock(&node->lock);
    answer->body = peer_json(face, node->feed.next);
    pthread_mutex_unlock(&node->lock);
    return E_OK;
}

static void add_refusal(struct node *node, const struct hash *author, json_t *out)
{
    AUTO(store_done) struct store_view *view = NULL;
    struct refused refused;
    size_t unseen;
    if (store_read(node->store, &view) != E_OK || refused_look(view, author, &refused, &unseen) != E_OK)
        return;
    json_object_set_new(out, "refused",
                        json_pack("{s:o,s:s,s:s,s:o,s:o}", "seq", json_count(refused.seq), "code",
                                  err_name(refused.code), "detail", refused.text, "entry",
                                  json_hex(refused.entry.data, refused.entry.len), "acknowledged",
                                  json_time(refused.acknowledged_ms)));
}

static enum err peer_show(void *context, const struct control_request *request, struct control_answer *answer)
{
    struct node *node = context;
    struct face face;
    TRY(find_peer(node, request, &face));
    TRY(answer_peer(node, &face, answer));
    json_object_set_new(answer->body, "acknowledged", json_integer((json_int_t)face.acknowledged));
    json_object_set_new(answer->body, "clock_skew_seconds", json_real((double)face.skew_ms / 1000.0));
    add_refusal(node, &face.author, answer->body);
    return E_OK;
}

static enum err peer_acknowledge(void *context, const struct control_request *request,
                                 struct control_answer *answer)
{
    struct node *node = context;
    struct face face;
    TRY(find_peer(node, request, &face));
    AUTO(store_abort) struct store_txn *txn = NULL;
    AUTO(store_done) struct store_view *view = NULL;
    TRY(store_begin(node->store, &txn));
    TRY(store_read(node->store, &view));
    TRY(refused_acknowledge(view, txn, &face.author, clock_wall_ms()));
    TRY(node_wrote(node, store_commit(&txn)));
    store_done(&view);
    log_info("node=%s peer=%s msg=\"what was refused is acknowledged\"", node->home.inception.name,
             face.name);
    return peer_show(context, request, answer);
}

static enum err peer_rm(void *context, const struct control_request *request, struct control_answer *answer)
{
    struct node *node = context;
    struct face face;
    TRY(find_peer(node, request, &face));
    TRY(node_drop_peer(node, &face.author));
    return answer_peer(node, &face, answer);
}

static enum err join(void *context, const struct control_request *request, struct control_answer *answer)
{
    struct node *node = context;
    const char *text = control_param(request, "token");
    struct token token;
    struct peer_row row;
    if (text == NULL)
        return fail(E_USAGE, "which hub? token is missing");
    enum err err = token_decode(text, &token);
    if (err == E_OK)
        err = node_join(node, &token, &row);
    explicit_bzero(token.invite_secret, sizeof token.invite_secret);
    if (err == E_MALFORMED)
        snprintf(answer->hint, sizeof answer->hint,
                 "copy the whole line that `nodectl invite` printed at the hub");
    TRY(err);
    answer->body = json_pack("{s:o,s:s,s:s}", "hub", json_hex(row.author.b, HASH_BYTES), "name", row.name,
                             "state", "joining");
    explicit_bzero(row.invite_secret, sizeof row.invite_secret);
    return E_OK;
}

const struct control_command node_commands[] = {
    { "status", status_answer },
    { "doctor", doctor_answer },
    { "record.put", records_put },
    { "record.amend", records_amend },
    { "record.retract", records_retract },
    { "record.ls", records_ls },
    { "record.tail", records_tail },
    { "record.show", records_show },
    { "record.verify", records_verify },
    { "export", records_export },
    { "peer.ls", peer_ls },
    { "peer.show", peer_show },
    { "peer.rm", peer_rm },
    { "peer.acknowledge", peer_acknowledge },
    { "join", join },
    { NULL, NULL },
};
