#include "hostile.h"

#include <stdio.h>
#include <string.h>
#include <zmq.h>

#include "base/clock.h"
#include "core/token.h"

#define FLOOD 500 /* messages */
#define PARTS 20

/* ---- frames that are none */

static enum err say_garbage(struct hostile *h)
{
    uint8_t bytes[64];
    random_bytes(bytes, sizeof bytes);
    return link_raw(h, BYTES(bytes));
}

static enum err say_nothing(struct hostile *h)
{
    return link_raw(h, bytes_of(NULL, 0));
}

static enum err say_bad_checksum(struct hostile *h)
{
    AUTO(buf_clear) struct buf frame = { 0 };
    struct sync_message ping = { .type = SYNC_PING, .session = h->session };
    wire_encode(&ping, 1, &frame);
    frame.data[20] ^= 1;
    return link_raw(h, buf_view(&frame));
}

static void sum_up(struct buf *frame)
{
    put_u32(frame->data + 20, crc32c(bytes_of(frame->data, 20)));
}

/* A body said to be longer than what came. */
static enum err say_bad_length(struct hostile *h)
{
    AUTO(buf_clear) struct buf frame = { 0 };
    struct sync_message ping = { .type = SYNC_PING, .session = h->session };
    wire_encode(&ping, 1, &frame);
    frame.data[16] = 0x7f;
    sum_up(&frame);
    return link_raw(h, buf_view(&frame));
}

/* As many bytes as a frame may not have, but the socket takes. */
static enum err say_too_much(struct hostile *h)
{
    AUTO(buf_clear) struct buf frame = { 0 };
    zeros(&frame, MAX_MESSAGE_BYTES + 1);
    return link_raw(h, buf_view(&frame));
}

static enum err say_in_parts(struct hostile *h)
{
    for (int i = 0; i < PARTS; i++)
        if (zmq_send(dealer_socket(h->dealer), "part", 4, i + 1 < PARTS ? ZMQ_SNDMORE : 0) < 0)
            return fail(E_UNREACHABLE, "cannot send in parts: %s", zmq_strerror(zmq_errno()));
    return E_OK;
}

static enum err say_ping(struct hostile *h)
{
    struct sync_message ping = { .type = SYNC_PING };
    return link_send(h, &ping);
}

/* ---- misdeeds on a link that is up */

static enum err garbage(struct hostile *h)
{
    TRY(link_greet(h));
    return link_provoke(h, say_garbage, 1);
}

static enum err empty(struct hostile *h)
{
    TRY(link_greet(h));
    return link_provoke(h, say_nothing, 1);
}

static enum err bad_checksum(struct hostile *h)
{
    TRY(link_greet(h));
    return link_provoke(h, say_bad_checksum, 1);
}

static enum err bad_length(struct hostile *h)
{
    TRY(link_greet(h));
    return link_provoke(h, say_bad_length, 1);
}

static enum err oversize(struct hostile *h)
{
    TRY(link_greet(h));
    return link_provoke(h, say_too_much, 1);
}

/* Past what the socket takes the connection is cut. */
static enum err huge(struct hostile *h)
{
    AUTO(buf_clear) struct buf frame = { 0 };
    zeros(&frame, 2U * MAX_MESSAGE_BYTES);
    TRY(link_greet(h));
    TRY(link_raw(h, buf_view(&frame)));
    enum err err = link_hear(h, 10000);
    printf("%s: %s\n", err_name(err), err_message());
    return err == E_UNREACHABLE ? E_OK : fail(E_UNMET, "expected to be cut off");
}

static enum err multipart(struct hostile *h)
{
    TRY(link_greet(h));
    return link_provoke(h, say_in_parts, FLOOD);
}

/* Frames of no session of ours are dropped, and are no misdeed: we may have been superseded. */
static enum err stale_session(struct hostile *h)
{
    TRY(link_greet(h));
    uint32_t session = h->session;
    h->session ^= 1;
    for (int i = 0; i < 100; i++)
        TRY(say_ping(h));
    h->session = session;
    return records_misdeed(h, "good");
}

static enum err say_hello(struct hostile *h)
{
    struct sync_message hello = link_hello(h);
    return link_send(h, &hello);
}

static enum err second_hello(struct hostile *h)
{
    TRY(link_greet(h));
    return link_provoke(h, say_hello, 1);
}

/* ---- before a link is up */

static enum err dial(struct hostile *h)
{
    return link_dial(h, &h->hub.inception.transport_key, &h->home.transport);
}

static enum err expect_reject(struct hostile *h, enum sync_reject code)
{
    TRY(link_expect(h, SYNC_REJECT));
    if (h->in.message.reject.code != code)
        return fail(E_UNMET, "expected REJECT %d", (int)code);
    return E_OK;
}

static enum err before_hello(struct hostile *h)
{
    TRY(dial(h));
    return link_provoke(h, say_ping, 1);
}

/* A frame of a link that is over: the hub says so. */
static enum err no_session(struct hostile *h)
{
    TRY(dial(h));
    h->session = 77;
    TRY(say_ping(h));
    return link_expect(h, SYNC_BYE);
}

static enum err later_major(struct hostile *h)
{
    AUTO(buf_clear) struct buf frame = { 0 };
    struct sync_message hello = link_hello(h);
    wire_encode(&hello, 1, &frame);
    frame.data[2] = 9;
    sum_up(&frame);
    TRY(dial(h));
    TRY(link_raw(h, buf_view(&frame)));
    return expect_reject(h, SYNC_REJECT_VERSION);
}

static enum err later_hello(struct hostile *h)
{
    struct sync_message hello = link_hello(h);
    hello.hello.proto_min = 2;
    hello.hello.proto_max = 3;
    TRY(dial(h));
    TRY(link_send(h, &hello));
    return expect_reject(h, SYNC_REJECT_VERSION);
}

static enum err say_no_version(struct hostile *h)
{
    struct sync_message hello = link_hello(h);
    hello.hello.proto_min = 7;
    return link_send(h, &hello);
}

static enum err no_version(struct hostile *h)
{
    TRY(dial(h));
    return link_provoke(h, say_no_version, 1);
}

static enum err another_author(struct hostile *h)
{
    struct sync_message hello = link_hello(h);
    hello.hello.author = h->hub.author;
    TRY(dial(h));
    TRY(link_send(h, &hello));
    return expect_reject(h, SYNC_REJECT_UNKNOWN);
}

/* ---- keys */

static enum err expect_end(struct hostile *h, enum err wanted)
{
    struct sync_message hello = link_hello(h);
    enum err err = link_send(h, &hello);
    if (err == E_OK)
        err = link_hear(h, 10000);
    printf("%s: %s\n", err_name(err), err_message());
    return err == wanted ? E_OK : fail(E_UNMET, "expected \"%s\"", err_name(wanted));
}

static void fresh_key(struct secret *out)
{
    uint8_t seed[32];
    random_bytes(seed, sizeof seed);
    secret_transport_from_seed(seed, out);
}

static enum err unknown_key(struct hostile *h)
{
    struct secret secret;
    fresh_key(&secret);
    TRY(link_dial(h, &h->hub.inception.transport_key, &secret));
    return expect_end(h, E_DENIED);
}

static enum err revoked_key(struct hostile *h)
{
    TRY(dial(h));
    return expect_end(h, E_DENIED);
}

static enum err wrong_hub_key(struct hostile *h)
{
    struct secret other;
    fresh_key(&other);
    TRY(link_dial(h, &other.public_key, &h->home.transport));
    return expect_end(h, E_UNREACHABLE);
}

/* ---- invites: the token comes on stdin */

static enum err read_token(struct token *token, struct secret *secret)
{
    char text[2000];
    if (fgets(text, sizeof text, stdin) == NULL)
        return fail(E_USAGE, "expected a token on stdin");
    text[strcspn(text, "\n")] = 0;
    TRY(token_decode(text, token));
    secret_transport_from_seed(token->invite_secret, secret);
    return E_OK;
}

static enum err say_inception(struct hostile *h, bool spoilt)
{
    AUTO(buf_clear) struct buf inception = { 0 };
    struct token token;
    struct secret secret;
    char path[300];
    snprintf(path, sizeof path, "%s/inception", h->home.path);
    TRY(file_read(path, MAX_BATCH_BYTES, &inception));
    TRY(read_token(&token, &secret));
    if (spoilt)
        inception.data[HEADER_BYTES + 3] ^= 1;
    TRY(link_dial(h, &token.hub_key, &secret));
    struct sync_message message = { .type = SYNC_ENROL };
    message.enrol.inception = buf_view(&inception);
    return link_send(h, &message);
}

static enum err enrol(struct hostile *h)
{
    TRY(say_inception(h, false));
    return link_expect(h, SYNC_ENROLLED);
}

static enum err enrol_spoilt(struct hostile *h)
{
    TRY(say_inception(h, true));
    return expect_reject(h, SYNC_REJECT_PROTOCOL);
}

static enum err enrol_in_vain(struct hostile *h)
{
    TRY(say_inception(h, false));
    return expect_reject(h, SYNC_REJECT_INVITE);
}

/* With the key of an invite nothing can be said but ENROL. */
static enum err invite_hello(struct hostile *h)
{
    struct token token;
    struct secret secret;
    TRY(read_token(&token, &secret));
    TRY(link_dial(h, &token.hub_key, &secret));
    struct sync_message hello = link_hello(h);
    TRY(link_send(h, &hello));
    return expect_reject(h, SYNC_REJECT_UNKNOWN);
}

/* With the key of an invite that is over nobody gets in. */
static enum err enrol_denied(struct hostile *h)
{
    struct token token;
    struct secret secret;
    TRY(read_token(&token, &secret));
    TRY(link_dial(h, &token.hub_key, &secret));
    return expect_end(h, E_DENIED);
}

static void print_token(const struct token *token)
{
    AUTO(buf_clear) struct buf text = { 0 };
    token_encode(token, &text);
    printf("%s\n", buf_string(&text));
}

/* Print a token that names another transport key, or another author, than the hub's. */
static enum err forge_key(struct hostile *h)
{
    struct token token;
    struct secret secret;
    (void)h;
    TRY(read_token(&token, &secret));
    fresh_key(&secret);
    token.hub_key = secret.public_key;
    print_token(&token);
    return E_OK;
}

static enum err forge_author(struct hostile *h)
{
    struct token token;
    struct secret secret;
    TRY(read_token(&token, &secret));
    token.hub_author = h->home.author;
    print_token(&token);
    return E_OK;
}

/* ---- the program */

static const struct {
    const char *name;
    enum err (*run)(struct hostile *h);
} misdeeds[] = {
    { "garbage", garbage },
    { "empty", empty },
    { "bad-checksum", bad_checksum },
    { "bad-length", bad_length },
    { "oversize", oversize },
    { "huge", huge },
    { "multipart", multipart },
    { "stale-session", stale_session },
    { "second-hello", second_hello },
    { "before-hello", before_hello },
    { "no-session", no_session },
    { "later-major", later_major },
    { "later-hello", later_hello },
    { "no-version", no_version },
    { "another-author", another_author },
    { "unknown-key", unknown_key },
    { "revoked-key", revoked_key },
    { "wrong-hub-key", wrong_hub_key },
    { "enrol", enrol },
    { "enrol-spoilt", enrol_spoilt },
    { "enrol-in-vain", enrol_in_vain },
    { "invite-hello", invite_hello },
    { "enrol-denied", enrol_denied },
    { "forge-key", forge_key },
    { "forge-author", forge_author },
};

static enum err misbehave(struct hostile *h, const char *name)
{
    for (size_t i = 0; i < sizeof misdeeds / sizeof *misdeeds; i++)
        if (strcmp(misdeeds[i].name, name) == 0)
            return misdeeds[i].run(h);
    return records_misdeed(h, name);
}

static enum err run(char **argv)
{
    static struct hostile h;
    TRY(id_init());
    TRY(net_init(16, 1));
    h.endpoint = argv[2];
    TRY(home_probe(argv[1], &h.hub));
    TRY(home_open(argv[3], &h.home));
    enum err err = misbehave(&h, argv[4]);
    link_clear(&h);
    home_clear(&h.home);
    return err;
}

static int usage(void)
{
    fputs("usage: hostile HUB-HOME ENDPOINT HOME MISDEED\n"
          "Exits 0 when the hub did about it what doc/PROTOCOL.md says. Misdeeds:\n",
          stderr);
    for (size_t i = 0; i < sizeof misdeeds / sizeof *misdeeds; i++)
        fprintf(stderr, "  %s\n", misdeeds[i].name);
    records_names();
    return 2;
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return usage();
    enum err err = run(argv);
    if (err != E_OK)
        fprintf(stderr, "hostile: %s: %s\n", err_name(err), err_message());
    net_term();
    return err == E_OK ? 0 : 1;
}
