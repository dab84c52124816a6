/* One record at a time, through the running daemons: how fast noded makes it durable, and how long until the
 * hub's query shows it. usage: bench_live NODE-HOME HUB-HOME COUNT */
#include <czmq.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/control.h"
#include "app/payload.h"
#include "base/clock.h"

static struct control_client *node, *hub;

static void must(enum err err, const char *what)
{
    if (err == E_OK)
        return;
    fprintf(stderr, "bench_live: %s: %s\n", what, err_message());
    exit(1);
}

static void open_client(const char *home, struct control_client **out)
{
    char path[200];
    snprintf(path, sizeof path, "%s/control.sock", home);
    must(control_connect(path, 30000, out), home);
}

/* An engagement of some 200 bytes, with a word that no other has. */
static void make_payload(const char *word, struct buf *out)
{
    uint8_t nonce[16];
    char hex[33];
    random_bytes(nonce, sizeof nonce);
    for (size_t i = 0; i < sizeof nonce; i++)
        snprintf(hex + 2 * i, 3, "%02x", nonce[i]);
    json_t *json =
        json_pack("{s:s,s:s,s:s,s:s,s:s,s:[{s:s,s:s}]}", "nonce", hex, "kind", "mission_outbound", "title",
                  word, "start", "2024-06", "summary",
                  "A trade mission with eleven firms, received by the chamber of commerce and the mayor",
                  "partners", "name", "Kyoto", "country", "JP");
    must(payload_from_json(1, json, out), "payload");
    json_decref(json);
}

static void put(const char *word)
{
    AUTO(control_request_clear)
    struct control_request request = { .command = "record.put", .params = json_object() };
    AUTO(control_answer_clear) struct control_answer answer = { 0 };
    AUTO(buf_clear) struct buf payload = { 0 };
    make_payload(word, &payload);
    control_request_blob(&request, buf_view(&payload));
    must(control_call(node, &request, &answer), "record.put");
    if (answer.code != E_OK) {
        fprintf(stderr, "bench_live: record.put: %s\n", answer.message);
        exit(1);
    }
}

static bool shows(const char *word)
{
    AUTO(control_request_clear) struct control_request request = { .command = "query" };
    AUTO(control_answer_clear) struct control_answer answer = { 0 };
    request.params = json_pack("{s:s,s:s}", "q", word, "limit", "1");
    must(control_call(hub, &request, &answer), "query");
    if (answer.code != E_OK) {
        fprintf(stderr, "bench_live: query: %s\n", answer.message);
        exit(1);
    }
    return json_array_size(json_object_get(answer.body, "rows")) > 0;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void print(const char *name, uint64_t *us, size_t n)
{
    qsort(us, n, sizeof *us, compare);
    printf("%s p50 %.2f ms, p99 %.2f ms, max %.2f ms (%zu records)\n", name, (double)us[n / 2] / 1000,
           (double)us[n * 99 / 100] / 1000, (double)us[n - 1] / 1000, n);
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    size_t count = (size_t)atol(argv[3]);
    uint64_t *durable = mem_alloc(count * sizeof *durable), *visible = mem_alloc(count * sizeof *visible);
    zsys_init();
    open_client(argv[1], &node);
    open_client(argv[2], &hub);
    for (size_t i = 0; i < count; i++) {
        char word[40];
        uint64_t token, start = clock_mono_us();
        random_bytes(&token, sizeof token);
        snprintf(word, sizeof word, "w%016llx", (unsigned long long)token);
        put(word);
        durable[i] = clock_mono_us() - start;
        while (!shows(word))
            ;
        visible[i] = clock_mono_us() - start;
    }
    print("live record, answered durable by the node:", durable, count);
    print("live record, visible in the hub's query:", visible, count);
    control_disconnect(&node);
    control_disconnect(&hub);
    free(durable);
    free(visible);
    zsys_shutdown();
    return 0;
}
