/* A step and a packed run of one author from its inception on. Offered whole, or a step at a time as a sender
 * does, the same records are taken; and what is stored comes back. The bytes are also read as a stored feed
 * and as a fork proof. */
#include <string.h>

#include "base/limits.h"
#include "core/feed.h"
#include "core/run.h"
#include "fuzz.h"

static size_t parse(struct bytes packed, struct record *out)
{
    size_t count = 0;
    while (count < MAX_RUN_RECORDS && run_next(&packed, &out[count]) == E_OK)
        count++;
    return count;
}

static void check_stored(const struct feed *feed)
{
    AUTO(buf_clear) struct buf stored = { 0 };
    struct feed back;
    feed_encode(feed, &stored);
    MUST(feed_decode(buf_view(&stored), &back) == E_OK);
    MUST(memcmp(&back, feed, sizeof back) == 0);
}

/* As a sender offers them: from the head, more when nothing was taken. */
static void take_in_steps(struct feed *feed, const struct record *records, size_t count, size_t step)
{
    uint64_t base = feed->next;
    for (size_t offer = step;;) {
        size_t done = (size_t)(feed->next - base), accepted;
        size_t n = offer < count - done ? offer : count - done;
        struct feed before = *feed;
        enum err err = feed_take(feed, records + done, n, &accepted);
        MUST(accepted <= n && feed->next == before.next + accepted);
        MUST((err == E_OK) == (accepted == n));
        if (err != E_OK && err != E_BAD_SIGNATURE)
            return;
        if (done + accepted == count || (accepted == 0 && n < offer) || (accepted == 0 && offer >= count))
            return;
        offer = accepted == 0 ? offer + step : step;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct record records[MAX_RUN_RECORDS];
    if (size < 2 || id_init() != E_OK)
        return 0;
    size_t step = 1U + data[0] % 7U;
    size_t count = parse(bytes_of(data + 1, size - 1), records);
    if (count == 0)
        return 0;

    struct feed whole, cut;
    size_t accepted;
    feed_init(&whole, &records[0].header.author);
    cut = whole;
    enum err err = feed_take(&whole, records, count, &accepted);
    MUST(accepted <= count && (err == E_OK) == (accepted == count));
    MUST(whole.next == accepted);
    MUST(accepted == 0 || hash_equal(&whole.head, &records[accepted - 1].id));
    take_in_steps(&cut, records, count, step);
    MUST(memcmp(&whole, &cut, sizeof whole) == 0);
    check_stored(&whole);

    struct feed stored;
    err = feed_decode(bytes_of(data, size), &stored);
    MUST(err == E_OK || err == E_CORRUPT || err == E_VERSION);
    err = fork_verify(bytes_of(data + 1, size - 1), &whole.author, &whole.record_key);
    MUST(err == E_OK || err == E_MALFORMED || err == E_BAD_SIGNATURE);
    return 0;
}
