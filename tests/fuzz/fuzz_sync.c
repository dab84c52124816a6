/* A link under a hostile peer and a busy host: each byte picks what happens next. Whatever is said, credit
 * holds, the feeds stay within their limit, and nothing is sent that may not be. */
#include "core/sync.h"
#include "fuzz.h"

#define FEEDS 8
#define MAX_FEEDS 5

struct play {
    struct reader in;
    struct sync *sync;
    uint64_t now_ms;
    uint64_t granted;   /* to us, by the peer */
    uint64_t sent;      /* bytes */
    uint64_t last_sent; /* bytes of the last batch */
    bool has_fetch[FEEDS];
    uint64_t fetch_from[FEEDS];
    uint32_t fetch_most[FEEDS];
    uint64_t stored; /* bytes handed over and not answered */
    unsigned feeds;
    bool is_down;
};

static struct hash author_of_feed(uint8_t n)
{
    struct hash h = { { 0 } };
    h.b[0] = (uint8_t)(n % FEEDS);
    h.b[31] = 1;
    return h;
}

static struct hash head_of(uint64_t next, uint8_t branch)
{
    struct hash h = { { 0 } };
    if (next == 0)
        return h;
    put_u64(h.b, next);
    h.b[30] = branch;
    h.b[31] = 2;
    return h;
}

static void on_send(void *context, const struct sync_message *m)
{
    struct play *p = context;
    MUST(sync_state(p->sync) != SYNC_IDLE || m->type == SYNC_HELLO || m->type == SYNC_WELCOME ||
         m->type == SYNC_REJECT);
    if (m->type != SYNC_BATCH)
        return;
    MUST(sync_state(p->sync) == SYNC_UP);
    MUST(p->sent < p->granted); /* some credit was left ... */
    p->sent += m->batch.records.len;
    MUST(p->sent <= p->granted || m->batch.count == 1); /* ... and one record at most went past it */
}

static void on_fetch(void *context, const struct hash *author, uint64_t from, uint32_t max_bytes)
{
    struct play *p = context;
    uint8_t n = author->b[0];
    MUST(n < FEEDS && !p->has_fetch[n] && max_bytes > 0 && max_bytes <= MAX_BATCH_BYTES);
    p->has_fetch[n] = true;
    p->fetch_from[n] = from;
    p->fetch_most[n] = max_bytes;
}

static void on_store(void *context, const struct hash *author, uint64_t first, uint32_t count,
                     struct bytes records)
{
    struct play *p = context;
    (void)first;
    MUST(author->b[0] < FEEDS && count > 0 && records.len >= count * (ENTRY_BYTES + 1U));
    p->stored += records.len;
}

static bool on_stand(void *context, const struct hash *author, struct sync_mark *mark)
{
    struct play *p = context;
    if (author->b[0] >= FEEDS || author->b[0] % 3 == 0)
        return false;
    p->feeds++;
    mark->next = author->b[0];
    mark->head = head_of(mark->next, 0);
    mark->offers = true;
    mark->wants = author->b[0] % 2;
    return true;
}

static void on_up(void *context, const struct sync_peer *peer)
{
    struct play *p = context;
    p->granted += peer->credit_bytes;
}

static void on_acked(void *context, const struct hash *author, uint64_t next, const struct hash *head)
{
    (void)context, (void)head;
    MUST(author->b[0] < FEEDS && next > 0);
}

static void on_nacked(void *context, const struct hash *author, uint64_t seq, enum err code, const char *text)
{
    (void)context, (void)seq, (void)code;
    MUST(author->b[0] < FEEDS && text != NULL);
}

static void on_down(void *context, enum err code, uint64_t retry_after_ms, const char *text)
{
    struct play *p = context;
    (void)retry_after_ms;
    MUST(!p->is_down && code != E_OK && text != NULL);
    p->is_down = true;
}

static void give_message(struct play *p, uint8_t type)
{
    static const uint8_t records[70000];
    struct sync_mark mark = { 0 };
    struct sync_message m = { .type = (enum sync_type)(type % 16) };
    struct hash author = author_of_feed(read_u8(&p->in));
    uint64_t next = read_u8(&p->in);
    struct hash head = head_of(next, read_u8(&p->in) % 2);
    uint64_t credit = read_u16(&p->in);
    bool grants = false;
    if (m.type == SYNC_HELLO || m.type == SYNC_WELCOME) {
        m.hello.proto_min = m.hello.proto_max = (uint32_t)(next % 3);
        m.hello.author = author;
        m.hello.credit_bytes = credit;
        m.hello.max_batch_bytes = (uint32_t)credit;
    } else if (m.type == SYNC_FRONTIER) {
        mark = (struct sync_mark){
            .author = author, .next = next, .head = head, .offers = credit & 1, .wants = credit & 2
        };
        m.frontier.marks = &mark;
        m.frontier.count = 1;
    } else if (m.type == SYNC_BATCH) {
        m.batch.author = author;
        m.batch.first_seq = next;
        m.batch.count = read_u8(&p->in);
        m.batch.records = bytes_of(records, credit);
    } else if (m.type == SYNC_ACK) {
        m.ack.author = author;
        m.ack.next = next;
        m.ack.head = head;
        m.ack.credit_bytes = credit;
        grants = true;
    } else if (m.type == SYNC_NACK) {
        m.nack.author = author;
        m.nack.seq = next;
        m.nack.code = (enum err)(read_u8(&p->in) % E_COUNT);
        m.nack.final = read_u8(&p->in) & 1;
        m.nack.credit_bytes = credit;
        grants = true;
    } else if (m.type == SYNC_CREDIT) {
        m.credit.bytes = credit;
        grants = true;
    }
    if (grants) /* counted before: what it sets off is sent inside */
        p->granted += credit;
    if (sync_receive(p->sync, &m, p->now_ms) != E_OK && grants)
        p->granted -= credit;
}

static void answer_fetch(struct play *p, uint8_t n)
{
    static const uint8_t records[MAX_BATCH_BYTES];
    struct hash author = author_of_feed(n);
    n = author.b[0];
    uint32_t count = read_u8(&p->in) % 20, len = count * 200;
    uint64_t from = read_u8(&p->in) % 8 == 0 ? read_u8(&p->in) : p->fetch_from[n];
    if (p->has_fetch[n] && len > p->fetch_most[n]) {
        count = p->fetch_most[n] / 200 > 0 ? p->fetch_most[n] / 200 : 1;
        len = count * 200;
    }
    p->has_fetch[n] = false;
    sync_fetched(p->sync, &author, from, count, bytes_of(records, len), p->now_ms);
}

static void act(struct play *p, uint8_t what)
{
    uint8_t n = read_u8(&p->in);
    struct hash author = author_of_feed(n);
    uint64_t next = read_u8(&p->in);
    struct hash head = head_of(next, 0);
    uint64_t bytes = p->stored;
    switch (what % 8) {
    case 0: {
        struct sync_mark mark = {
            .author = author, .next = next, .head = head, .offers = n & 16, .wants = n & 32
        };
        sync_follow(p->sync, &mark);
        break;
    }
    case 1:
        sync_grown(p->sync, &author, next, &head, p->now_ms);
        break;
    case 2:
        answer_fetch(p, n);
        break;
    case 3:
        p->stored = 0;
        sync_stored(p->sync, &author, next, &head, bytes, p->now_ms);
        break;
    case 4:
        p->stored = 0;
        sync_refused(p->sync, &author, next, (enum err)(n % E_COUNT), n & 64, "no", bytes, p->now_ms);
        break;
    case 5:
        sync_grant(p->sync, next * 100, p->now_ms);
        break;
    case 6:
        p->now_ms += next * 50;
        MUST(sync_tick(p->sync, p->now_ms, (uint32_t)n << 24) > p->now_ms);
        break;
    default:
        if (n == 0)
            sync_dial(p->sync, p->now_ms);
        else if (n == 1)
            sync_bye(p->sync, 0, p->now_ms);
        else if (n == 2)
            sync_reject(p->sync, SYNC_REJECT_BUSY, 5, "busy");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct play play = { .in = reader_of(bytes_of(data, size)), .now_ms = 1000 };
    struct sync_options options = {
        .self = { .proto_min = 1, .proto_max = 1, .heartbeat_ms = 1000, .credit_bytes = 5000 },
        .max_feeds = MAX_FEEDS
    };
    struct sync_host host = { &play, on_send,  on_fetch,  on_store, on_stand,
                              on_up, on_acked, on_nacked, on_down };
    play.sync = sync_new(&options, &host);
    while (play.in.left > 0) {
        uint8_t what = read_u8(&play.in);
        if (what & 128)
            give_message(&play, what & 127);
        else
            act(&play, what);
    }
    MUST((sync_state(play.sync) == SYNC_DOWN) >= play.is_down);
    sync_free(&play.sync);
    return 0;
}
