#include "vectors.h"

#include "base/limits.h"
#include "core/statement.h"
#include "statement.pb-c.h"

static struct hash hash_of(uint8_t fill)
{
    struct hash hash;
    memset(hash.b, fill, HASH_BYTES);
    return hash;
}

static void an_admission_comes_back(void **state)
{
    (void)state;
    struct admission admission = { .jurisdiction = hash_of(1), .name = "us-oh-dayton", .level = 1 }, back;
    admission.invite = hash_of(2);
    snprintf(admission.geoid, sizeof admission.geoid, "3921000");
    snprintf(admission.basis, sizeof admission.basis, "letter");
    for (int invited = 1; invited >= 0; invited--) {
        AUTO(buf_clear) struct buf payload = { 0 };
        if (!invited)
            admission.invite = hash_of(0);
        admission_write(&admission, &payload);
        assert_true(payload.len <= MAX_EVENT_PAYLOAD_BYTES);
        assert_int_equal(admission_read(buf_view(&payload), &back), E_OK);
        assert_memory_equal(&admission, &back, sizeof back);
    }
}

static void a_suspension_comes_back(void **state)
{
    (void)state;
    struct suspension suspension = { .jurisdiction = hash_of(3), .reason = 2, .until_ms = UINT64_MAX }, back;
    for (int lifted = 0; lifted < 2; lifted++) {
        AUTO(buf_clear) struct buf payload = { 0 };
        suspension.lifted = lifted;
        suspension_write(&suspension, &payload);
        assert_int_equal(suspension_read(buf_view(&payload), &back), E_OK);
        assert_true(hash_equal(&back.jurisdiction, &suspension.jurisdiction));
        assert_int_equal(back.reason, 2);
        assert_int_equal(back.lifted, lifted);
        assert_int_equal(back.until_ms, UINT64_MAX);
    }
}

static void a_tick_comes_back(void **state)
{
    (void)state;
    static const uint64_t times[] = { 0, 1, 1800000000000, UINT64_MAX };
    for (size_t i = 0; i < 4; i++) {
        AUTO(buf_clear) struct buf payload = { 0 };
        uint64_t back = 7;
        tick_write(times[i], &payload);
        assert_int_equal(tick_read(buf_view(&payload), &back), E_OK);
        assert_int_equal(back, times[i]);
    }
}

static void an_event_names_its_jurisdiction_by_32_bytes(void **state)
{
    (void)state;
    struct admission admission;
    struct suspension suspension;
    uint8_t payload[40] = { 0x0a };
    for (uint8_t len = 0; len <= 33; len++) {
        enum err expected = len == HASH_BYTES ? E_OK : E_MALFORMED;
        payload[1] = len;
        assert_int_equal(admission_read(bytes_of(payload, 2U + len), &admission), expected);
        assert_int_equal(suspension_read(bytes_of(payload, 2U + len), &suspension), expected);
    }
    assert_int_equal(admission_read(bytes_of("", 0), &admission), E_MALFORMED);
    assert_int_equal(suspension_read(bytes_of("", 0), &suspension), E_MALFORMED);
}

static void names_that_do_not_fit_are_refused_not_cut(void **state)
{
    (void)state;
    struct hash jurisdiction = hash_of(1);
    for (size_t over = 0; over < 2; over++) {
        char name[MAX_NAME_BYTES + 2] = { 0 };
        AUTO(buf_clear) struct buf payload = { 0 };
        struct admission back;
        Chancery__Admission m = CHANCERY__ADMISSION__INIT;
        memset(name, 'a', MAX_NAME_BYTES + over);
        m.jurisdiction = (ProtobufCBinaryData){ HASH_BYTES, jurisdiction.b };
        m.name = name;
        encode_message(&m.base, &payload);
        assert_int_equal(admission_read(buf_view(&payload), &back), over ? E_MALFORMED : E_OK);
    }
}

static void broken_bytes_are_malformed(void **state)
{
    (void)state;
    struct admission admission;
    struct suspension suspension;
    uint64_t time_ms;
    struct bytes broken = bytes_text("\x08");
    assert_int_equal(admission_read(broken, &admission), E_MALFORMED);
    assert_int_equal(suspension_read(broken, &suspension), E_MALFORMED);
    assert_int_equal(tick_read(broken, &time_ms), E_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_admission_comes_back),
        cmocka_unit_test(a_suspension_comes_back),
        cmocka_unit_test(a_tick_comes_back),
        cmocka_unit_test(an_event_names_its_jurisdiction_by_32_bytes),
        cmocka_unit_test(names_that_do_not_fit_are_refused_not_cut),
        cmocka_unit_test(broken_bytes_are_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
