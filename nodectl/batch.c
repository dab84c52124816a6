#include "nodectl/batch.h"

#include "base/limits.h"

#define MOST_BYTES (MAX_CONTROL_BYTES - 65536U) /* what is left for the words around them */
#define OVERHEAD 8                              /* tag and length of one blob */

size_t batch_fit(const struct buf *payloads, size_t count)
{
    size_t n = 0, bytes = 0;
    for (; n < count && n < BATCH_MOST; n++) {
        bytes += payloads[n].len + OVERHEAD;
        if (n > 0 && bytes > MOST_BYTES)
            break;
    }
    return n;
}

enum err batch_put(struct ctl *ctl, const struct buf *payloads, size_t count, const struct batch_how *how,
                   json_t *results)
{
    AUTO(control_request_clear)
    struct control_request request =
        cmd_request("record.put", "visibility", how->visibility, "mode", how->mode, "keep_visibility",
                    how->keep_visibility ? "1" : NULL, NULL);
    for (size_t i = 0; i < count; i++)
        control_request_blob(&request, buf_view(&payloads[i]));
    AUTO(control_answer_clear) struct control_answer answer = { 0 };
    TRY(cmd_call(ctl, &request, &answer));
    json_t *list = json_object_get(answer.body, "results");
    if (json_array_size(list) != count)
        return fail(E_MALFORMED, "the daemon answered %zu results for %zu statements", json_array_size(list),
                    count);
    json_array_extend(results, list);
    return E_OK;
}
