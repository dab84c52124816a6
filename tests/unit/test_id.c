#include "vectors.h"

#include "core/id.h"

static int start(void **state)
{
    (void)state;
    return id_init() != E_OK;
}

static struct secret secret_of(uint8_t byte)
{
    uint8_t seed[32];
    struct secret secret;
    memset(seed, byte, sizeof seed);
    secret_from_seed(seed, &secret);
    return secret;
}

static struct key key_of(const char *hex)
{
    struct key key;
    assert_int_equal(hex_decode(hex, key.b, sizeof key.b), E_OK);
    return key;
}

static void a_seed_gives_the_key_of_rfc_8032(void **state)
{
    (void)state;
    uint8_t seed[32];
    struct secret secret;
    hex_decode("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", seed, 32);
    secret_from_seed(seed, &secret);
    assert_hex(secret.public_key.b, 32, "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    assert_memory_equal(secret.seed, seed, 32);
    secret_clear(&secret);
    assert_true(key_is_zero(&secret.public_key));
}

static void a_transport_seed_gives_the_key_of_rfc_7748(void **state)
{
    (void)state;
    uint8_t scalar[32];
    struct secret secret;
    hex_decode("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb", scalar, 32);
    secret_transport_from_seed(scalar, &secret);
    assert_hex(secret.public_key.b, 32, "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
    assert_memory_equal(secret.seed, scalar, 32);
}

static void an_ordinary_key_is_good(void **state)
{
    (void)state;
    for (unsigned i = 1; i < 40; i++) {
        struct secret secret = secret_of((uint8_t)i);
        assert_true(key_is_good(&secret.public_key));
    }
}

/* The eight points of small order, and their other spellings. */
static void a_key_of_small_order_is_not_good(void **state)
{
    (void)state;
    static const char *const small[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    };
    for (size_t i = 0; i < sizeof small / sizeof *small; i++) {
        struct key key = key_of(small[i]);
        assert_false(key_is_good(&key));
    }
}

static void a_key_with_another_spelling_is_not_good(void **state)
{
    (void)state;
    /* y = p + 0 ... p + 18 are all the values that fit 255 bits twice, with either sign. */
    for (unsigned low = 0xed; low <= 0xff; low++)
        for (unsigned sign = 0; sign <= 0x80; sign += 0x80) {
            struct key key;
            memset(key.b, 0xff, sizeof key.b);
            key.b[0] = (uint8_t)low;
            key.b[31] = (uint8_t)(0x7f | sign);
            assert_false(key_is_good(&key));
        }
}

static void a_key_beside_the_curve_is_not_good(void **state)
{
    (void)state;
    /* y = 2: (y^2 - 1) / (d y^2 + 1) has no root. */
    struct key key = key_of("0200000000000000000000000000000000000000000000000000000000000000");
    assert_false(key_is_good(&key));
}

static void a_key_that_is_good_with_a_small_part_is_still_good(void **state)
{
    (void)state;
    /* RFC 8032's first key plus the point of order two: -P's mirror, outside the prime-order group. */
    static const char p[] = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    struct key key = key_of(p);
    /* P + (0, -1) = (-x, -y): p - y, and the other sign. */
    unsigned borrow = 0;
    for (int i = 0; i < 32; i++) {
        unsigned limb = i == 0 ? 0xed : i == 31 ? 0x7f : 0xff;
        unsigned y = (i == 31 ? key.b[i] & 0x7fU : key.b[i]) + borrow;
        borrow = limb < y;
        key.b[i] = (uint8_t)(limb - y);
    }
    key.b[31] |= 0x80;
    assert_true(key_is_good(&key));
}

static void a_signature_is_for_its_key_header_and_purpose(void **state)
{
    (void)state;
    struct secret secret = secret_of(0x11), other = secret_of(0x12);
    uint8_t header[128], signature[64], zeros[64] = { 0 };
    memset(header, 7, sizeof header);
    sign_record(&secret, BYTES(header), signature);
    assert_true(verify_record(&secret.public_key, BYTES(header), signature));
    assert_false(verify_record(&other.public_key, BYTES(header), signature));
    assert_false(verify_record(&secret.public_key, BYTES(header), zeros));
    assert_false(verify_record(&secret.public_key, bytes_of(header, 127), signature));

    struct hash author = { { 0 } };
    assert_false(verify_authorize(&secret.public_key, &author, 0, BYTES(header), signature));
    sign_record(&secret, bytes_of(header, 127), signature);
    assert_memory_equal(signature, zeros, 64);
}

static void any_flipped_bit_spoils_a_signature(void **state)
{
    (void)state;
    struct secret secret = secret_of(0x11);
    uint8_t header[128], signature[64];
    memset(header, 7, sizeof header);
    sign_record(&secret, BYTES(header), signature);
    for (unsigned bit = 0; bit < 64 * 8; bit++) {
        signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(verify_record(&secret.public_key, BYTES(header), signature));
        signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (unsigned bit = 0; bit < 128 * 8; bit++) {
        header[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(verify_record(&secret.public_key, BYTES(header), signature));
        header[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_true(verify_record(&secret.public_key, BYTES(header), signature));
}

static void nothing_is_signed_under_a_small_key(void **state)
{
    (void)state;
    /* With A and R the identity and S zero the equation holds for every message. */
    struct key identity = key_of("0100000000000000000000000000000000000000000000000000000000000000");
    uint8_t header[128] = { 0 }, signature[64] = { 1 };
    assert_false(verify_record(&identity, BYTES(header), signature));
    struct secret secret = secret_of(0x11);
    assert_false(verify_record(&secret.public_key, BYTES(header), signature));
}

static void an_authorisation_is_for_its_author_epoch_and_body(void **state)
{
    (void)state;
    struct secret secret = secret_of(0x21);
    struct hash author = { { 1 } }, other = { { 2 } };
    uint8_t signature[64];
    sign_authorize(&secret, &author, 3, bytes_text("body"), signature);
    assert_true(verify_authorize(&secret.public_key, &author, 3, bytes_text("body"), signature));
    assert_false(verify_authorize(&secret.public_key, &other, 3, bytes_text("body"), signature));
    assert_false(verify_authorize(&secret.public_key, &author, 4, bytes_text("body"), signature));
    assert_false(verify_authorize(&secret.public_key, &author, 3, bytes_text("bodx"), signature));
    assert_false(verify_authorize(&secret.public_key, &author, 3, bytes_text(""), signature));
}

static void ids_are_those_of_the_vectors(void **state)
{
    (void)state;
    json_t *vectors = vectors_load("record.json");
    const json_t *inception = json_array_get(json_object_get(vectors, "feed"), 0);
    const json_t *engagement = json_array_get(json_object_get(vectors, "feed"), 1);
    AUTO(buf_clear) struct buf payload = { 0 };
    vector_bytes(inception, "payload", &payload);
    struct hash author = author_of(buf_view(&payload));
    assert_hex(author.b, 32, vector_text(vectors, "author"));

    uint8_t nonce[16], id[16];
    memset(nonce, 'a', sizeof nonce);
    engagement_id(&author, nonce, id);
    assert_hex(id, 16, vector_text(engagement, "engagement_id"));

    /* The inception's payload holds the commitment to the first rotation key. */
    struct secret rotation = secret_of(0x12);
    struct hash next = next_commit(&rotation.public_key);
    assert_non_null(memmem(payload.data, payload.len, next.b, sizeof next.b));
    json_decref(vectors);
}

static void authorisations_sign_the_bytes_of_the_vectors(void **state)
{
    (void)state;
    /* The rotation's message is written out there; its last 32 bytes are the digest of the body. */
    json_t *vectors = vectors_load("record.json");
    const json_t *rotation = json_array_get(json_object_get(vectors, "feed"), 3);
    AUTO(buf_clear) struct buf message = { 0 };
    AUTO(buf_clear) struct buf payload = { 0 };
    vector_bytes(rotation, "authorize_message", &message);
    vector_bytes(rotation, "payload", &payload);
    struct hash author;
    hex_decode(vector_text(vectors, "author"), author.b, 32);
    assert_int_equal(message.len, 22 + 32 + 4 + 32);

    /* {1: body, 2: signature}: find the one body whose digest stands in the message, then its signature. */
    struct secret key = secret_of(0x12);
    bool found = false;
    for (size_t begin = 2; begin < payload.len && !found; begin++)
        for (size_t end = begin + 1; end + 64 <= payload.len && !found; end++) {
            struct hash digest = hash_bytes(bytes_of(payload.data + begin, end - begin));
            if (memcmp(digest.b, message.data + 58, 32) != 0)
                continue;
            uint8_t signature[64];
            sign_authorize(&key, &author, get_u32(message.data + 54),
                           bytes_of(payload.data + begin, end - begin), signature);
            assert_non_null(memmem(payload.data, payload.len, signature, 64));
            found = true;
        }
    assert_true(found);
    json_decref(vectors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_seed_gives_the_key_of_rfc_8032),
        cmocka_unit_test(a_transport_seed_gives_the_key_of_rfc_7748),
        cmocka_unit_test(an_ordinary_key_is_good),
        cmocka_unit_test(a_key_of_small_order_is_not_good),
        cmocka_unit_test(a_key_with_another_spelling_is_not_good),
        cmocka_unit_test(a_key_beside_the_curve_is_not_good),
        cmocka_unit_test(a_key_that_is_good_with_a_small_part_is_still_good),
        cmocka_unit_test(a_signature_is_for_its_key_header_and_purpose),
        cmocka_unit_test(any_flipped_bit_spoils_a_signature),
        cmocka_unit_test(nothing_is_signed_under_a_small_key),
        cmocka_unit_test(an_authorisation_is_for_its_author_epoch_and_body),
        cmocka_unit_test(ids_are_those_of_the_vectors),
        cmocka_unit_test(authorisations_sign_the_bytes_of_the_vectors),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
