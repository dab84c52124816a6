/* The commands about invites: invite.new, ls, revoke. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/answers.h"
#include "base/clock.h"
#include "base/text.h"
#include "core/token.h"
#include "hubd/admit.h"
#include "hubd/cmd.h"
#include "hubd/front.h"

#define INVITES_MAX 5000U /* of one request */
#define ID_DIGITS 16      /* of an invite's id, as shown */
#define ID_DIGITS_MIN 6
#define LIFE_MAX_MS (10ULL * 365 * 24 * 3600 * 1000)

static void id_text(const struct invite *invite, char out[static ID_DIGITS + 1])
{
    hex_encode(invite->id.b, ID_DIGITS / 2, out);
}

/* ---- invite.new */

struct making {
    struct invite *invites;
    uint8_t (*secrets)[32];
    size_t count;
};

static void making_clear(struct making *making)
{
    if (making->secrets != NULL)
        explicit_bzero(making->secrets, making->count * sizeof *making->secrets);
    free(making->secrets);
    free(making->invites);
}

static enum err check_names(const struct making *making, struct write *write)
{
    struct hash owner;
    for (size_t i = 0; i < making->count; i++)
        if (making->invites[i].name[0] != 0 && member_named_in(write->txn, making->invites[i].name, &owner))
            return fail(E_EXISTS, "the name \"%s\" belongs to a member", making->invites[i].name);
    return E_OK;
}

static enum err write_invites(void *context, struct write *write)
{
    struct making *making = context;
    TRY(check_names(making, write));
    for (size_t i = 0; i < making->count; i++)
        invite_put(write->txn, &making->invites[i]);
    return store_error(write->txn);
}

static void apply_invites(void *context, struct hub *hub)
{
    const struct making *making = context;
    for (size_t i = 0; i < making->count; i++)
        admit_apply_invite(hub, &making->invites[i]);
}

static void make_invite(struct making *making, const char *name, size_t len, const struct invite *form)
{
    struct secret secret;
    struct invite *invite = &making->invites[making->count];
    *invite = *form;
    snprintf(invite->name, sizeof invite->name, "%.*s", (int)len, name);
    random_bytes(making->secrets[making->count], 32);
    secret_transport_from_seed(making->secrets[making->count], &secret);
    invite->key = secret.public_key;
    invite->id = hash_bytes(BYTES(invite->key.b));
    secret_clear(&secret);
    making->count++;
}

static size_t count_lines(const char *text)
{
    size_t lines = 1;
    for (; *text != 0; text++)
        lines += *text == '\n';
    return lines;
}

/* names: one a line; none at all is an invite for anyone. */
static enum err make_invites(const char *names, const struct invite *form, struct making *making)
{
    size_t most = count_lines(names);
    if (most > INVITES_MAX)
        return fail(E_TOO_BIG, "%zu invites at once; at most %u", most, INVITES_MAX);
    making->invites = mem_alloc(most * sizeof *making->invites);
    making->secrets = mem_alloc(most * sizeof *making->secrets);
    if (names[0] == 0)
        make_invite(making, "", 0, form);
    while (*names != 0) {
        size_t len = strcspn(names, "\n");
        char name[MAX_NAME_BYTES + 2];
        snprintf(name, sizeof name, "%.*s", (int)len, names);
        if (len > 0 && !text_is_name(name))
            return fail(E_USAGE, "\"%s\" is not a name: expected lower-case letters, digits and dashes",
                        name);
        if (len > 0)
            make_invite(making, names, len, form);
        names += len + (names[len] == '\n');
    }
    return E_OK;
}

static const char *public_endpoint(const struct hub *hub, const struct control_request *request)
{
    const char *given = control_param(request, "endpoint");
    if (given != NULL && given[0] != 0)
        return given;
    if (hub->options.public_endpoint[0] != 0)
        return hub->options.public_endpoint;
    return front_endpoint(hub->front);
}

/* What a node can dial: tcp://HOST:PORT. */
static enum err check_endpoint(const char *endpoint)
{
    static const char tcp[] = "tcp://";
    const char *colon = strrchr(endpoint, ':');
    uint32_t port = 0;
    bool is_tcp = strncmp(endpoint, tcp, strlen(tcp)) == 0 && colon > endpoint + strlen(tcp) &&
                  parse_u32(colon + 1, &port) == E_OK && port > 0 && port <= 65535;
    for (const char *c = endpoint; *c != 0 && is_tcp; c++)
        is_tcp = *c > ' ' && *c <= '~' && (c < endpoint + strlen(tcp) || *c != '/');
    if (strlen(endpoint) > MAX_ENDPOINT_BYTES)
        return fail(E_USAGE, "the endpoint is too long");
    return is_tcp ? E_OK
                  : fail(E_USAGE, "\"%.80s\" is no endpoint: expected tcp://HOST:PORT, as nodes dial it",
                         endpoint);
}

static enum err read_life(const struct control_request *request, uint64_t *life)
{
    const char *expires = control_param(request, "expires_ms");
    if (expires == NULL || expires[0] == 0)
        return E_OK;
    if (parse_duration_ms(expires, life) != E_OK || *life == 0 || *life > LIFE_MAX_MS)
        return fail(E_USAGE, "an invite can be used for a time like 72h, of at most ten years (87600h)");
    return E_OK;
}

static json_t *token_json(const struct hub *hub, const struct invite *invite, const uint8_t secret[static 32],
                          const char *endpoint)
{
    struct token token = { .hub_key = hub->home.transport.public_key,
                           .hub_author = hub->home.author,
                           .expires_ms = invite->expires_ms };
    char id[ID_DIGITS + 1];
    id_text(invite, id);
    snprintf(token.name, sizeof token.name, "%s", invite->name);
    snprintf(token.endpoint, sizeof token.endpoint, "%s", endpoint);
    memcpy(token.invite_secret, secret, sizeof token.invite_secret);
    AUTO(buf_clear) struct buf text = { 0 };
    token_encode(&token, &text);
    json_t *out = json_pack("{s:s,s:s,s:s,s:o}", "name", invite->name, "token", buf_string(&text), "id", id,
                            "expires", json_time(invite->expires_ms));
    explicit_bzero(&token, sizeof token);
    explicit_bzero(text.data, text.len);
    return out;
}

enum err cmd_invite_new(void *context, const struct control_request *request, struct control_answer *answer)
{
    struct hub *hub = context;
    const char *names = control_param(request, "for");
    const char *endpoint = public_endpoint(hub, request);
    uint64_t life = hub->options.invite_ms, automatic;
    TRY(read_life(request, &life));
    TRY(param_number(request, "auto_admit", 1, &automatic));
    if (endpoint == control_param(request, "endpoint"))
        TRY(check_endpoint(endpoint));

    uint64_t now = clock_wall_ms();
    struct invite form = { .auto_admit = automatic != 0,
                           .state = INVITE_OPEN,
                           .created_ms = now,
                           .expires_ms = life < UINT64_MAX - now ? now + life : UINT64_MAX };
    AUTO(making_clear) struct making making = { 0 };
    TRY(make_invites(names != NULL ? names : "", &form, &making));
    struct call call = { .run = write_invites, .committed = apply_invites, .context = &making };
    TRY(writer_call(hub->writer, &call));

    json_t *invites = json_array();
    for (size_t i = 0; i < making.count; i++)
        json_array_append_new(invites, token_json(hub, &making.invites[i], making.secrets[i], endpoint));
    answer->body = json_pack("{s:o}", "invites", invites);
    if (strstr(endpoint, "://0.0.0.0:") != NULL || strstr(endpoint, "://[::]:") != NULL)
        snprintf(answer->hint, sizeof answer->hint,
                 "the invites carry %.100s, which nodes cannot reach: set public_endpoint in hub.conf",
                 endpoint);
    return E_OK;
}

/* ---- invite.ls */

static const char *state_word(const struct invite *invite, uint64_t now_ms)
{
    if (invite->state == INVITE_USED)
        return "used";
    if (invite->state == INVITE_REVOKED)
        return "revoked";
    return invite->expires_ms <= now_ms ? "expired" : "open";
}

struct listing {
    struct invite *list;
    size_t count, cap;
};

static bool collect(void *context, const struct invite *invite)
{
    struct listing *all = context;
    if (all->count == all->cap) {
        all->cap = all->cap > 0 ? 2 * all->cap : 64;
        all->list = mem_resize(all->list, all->cap * sizeof *all->list);
    }
    all->list[all->count++] = *invite;
    return true;
}

static int by_id(const void *a, const void *b)
{
    const struct invite *x = a, *y = b;
    return memcmp(x->id.b, y->id.b, HASH_BYTES);
}

enum err cmd_invite_ls(void *context, const struct control_request *request, struct control_answer *answer)
{
    struct hub *hub = context;
    const char *cursor = control_param(request, "cursor");
    uint64_t limit, now = clock_wall_ms();
    TRY(param_limit(request, &limit));
    struct listing all = { 0 };
    members_each_invite(hub->members, collect, &all);
    AUTO(free_ptr) struct invite *list = all.list;
    if (all.count > 0)
        qsort(list, all.count, sizeof *list, by_id);

    char id[ID_DIGITS + 1] = "";
    json_t *invites = json_array();
    answer->body = json_pack("{s:o}", "invites", invites);
    size_t i = 0;
    for (; limit > 0 && i < all.count; i++) {
        char row[ID_DIGITS + 1];
        id_text(&list[i], row);
        if (cursor != NULL && strcmp(row, cursor) <= 0)
            continue;
        memcpy(id, row, sizeof id);
        json_array_append_new(invites,
                              json_pack("{s:s,s:s,s:o,s:s}", "id", id, "name", list[i].name, "expires",
                                        json_time(list[i].expires_ms), "state", state_word(&list[i], now)));
        limit--;
    }
    if (i < all.count)
        json_object_set_new(answer->body, "cursor", json_string(id));
    return E_OK;
}

/* ---- invite.revoke */

struct finding {
    const char *prefix;
    struct invite invite;
    size_t found;
};

static bool find_by_id(void *context, const struct invite *invite)
{
    struct finding *finding = context;
    char hex[2 * HASH_BYTES + 1];
    hex_encode(invite->id.b, HASH_BYTES, hex);
    if (strncmp(hex, finding->prefix, strlen(finding->prefix)) == 0) {
        finding->invite = *invite;
        finding->found++;
    }
    return finding->found < 2;
}

static enum err write_revocation(void *context, struct write *write)
{
    struct finding *finding = context;
    struct hash author;
    TRY(invite_in(write->txn, &finding->invite.key, &finding->invite, &author));
    if (finding->invite.state != INVITE_OPEN)
        return fail(E_UNMET, "the invite is %s", state_word(&finding->invite, write->now_ms));
    finding->invite.state = INVITE_REVOKED;
    invite_put(write->txn, &finding->invite);
    return store_error(write->txn);
}

static void apply_revocation(void *context, struct hub *hub)
{
    const struct finding *finding = context;
    admit_apply_invite(hub, &finding->invite);
}

enum err cmd_invite_revoke(void *context, const struct control_request *request,
                           struct control_answer *answer)
{
    struct hub *hub = context;
    struct finding finding = { 0 };
    TRY(param_text(request, "id", &finding.prefix));
    if (strlen(finding.prefix) < ID_DIGITS_MIN)
        return fail(E_USAGE, "id: expected %d digits or more", ID_DIGITS_MIN);
    members_each_invite(hub->members, find_by_id, &finding);
    if (finding.found == 0)
        return fail(E_NOT_FOUND, "no invite has the id %.64s", finding.prefix);
    if (finding.found > 1)
        return fail(E_USAGE, "several invites begin with %.64s", finding.prefix);
    struct call call = { .run = write_revocation, .committed = apply_revocation, .context = &finding };
    TRY(writer_call(hub->writer, &call));
    char id[ID_DIGITS + 1];
    id_text(&finding.invite, id);
    answer->body = json_pack("{s:s}", "id", id);
    return E_OK;
}
