/* A frame from whoever reaches the control socket, read as a request and as an answer. What is taken must
 * survive being said again. */
#include <string.h>

#include "app/control.h"
#include "fuzz.h"

static void check_error(enum err err)
{
    MUST(err == E_OK || err == E_MALFORMED || err == E_TOO_BIG || err == E_VERSION);
}

static bool same_blobs(const struct buf *a, size_t n_a, const struct buf *b, size_t n_b)
{
    for (size_t i = 0; n_a == n_b && i < n_a; i++)
        if (!bytes_equal(buf_view(&a[i]), buf_view(&b[i])))
            return false;
    return n_a == n_b;
}

static void check_request(struct bytes frame)
{
    AUTO(buf_clear) struct buf encoded = { 0 };
    AUTO(control_request_clear) struct control_request first, second = { 0 };
    enum err err = control_decode_request(frame, &first);
    check_error(err);
    if (err != E_OK)
        return;
    control_encode_request(&first, &encoded);
    MUST(control_decode_request(buf_view(&encoded), &second) == E_OK);
    MUST(strcmp(first.command, second.command) == 0);
    MUST(json_equal(first.params, second.params));
    MUST(same_blobs(first.blobs, first.n_blobs, second.blobs, second.n_blobs));
}

static void check_answer(struct bytes frame)
{
    AUTO(buf_clear) struct buf encoded = { 0 };
    AUTO(control_answer_clear) struct control_answer first, second = { 0 };
    enum err err = control_decode_answer(frame, &first);
    check_error(err);
    if (err != E_OK)
        return;
    MUST(first.code < E_COUNT);
    MUST(first.body == NULL || json_is_object(first.body));
    control_encode_answer(&first, &encoded);
    MUST(control_decode_answer(buf_view(&encoded), &second) == E_OK);
    MUST(first.code == second.code);
    MUST(strcmp(first.message, second.message) == 0 && strcmp(first.hint, second.hint) == 0);
    MUST(first.body == NULL ? second.body == NULL : json_equal(first.body, second.body));
    MUST(same_blobs(first.blobs, first.n_blobs, second.blobs, second.n_blobs));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_request(bytes_of(data, size));
    check_answer(bytes_of(data, size));
    return 0;
}
