#include "vectors.h"

#include "core/hash.h"

static void sha256_is_the_standards(void **state)
{
    (void)state;
    /* FIPS 180-4's examples, whole and in parts. */
    struct hash h = hash_bytes(bytes_text("abc"));
    assert_hex(h.b, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    h = hash_bytes(bytes_of(NULL, 0));
    assert_hex(h.b, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    struct bytes parts[] = { bytes_text("abcdbcdecdefdefgefghfghi"),
                             { 0 },
                             bytes_text("ghijhijkijkljklmklmnlmnomnopnopq") };
    h = hash_parts(parts, 3);
    assert_hex(h.b, 32, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    h = hash_parts(NULL, 0);
    assert_hex(h.b, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void every_length_and_cut_gives_one_digest(void **state)
{
    (void)state;
    uint8_t data[200];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7);
    for (size_t len = 0; len <= sizeof data; len++) {
        struct hash whole = hash_bytes(bytes_of(data, len));
        for (size_t cut = 0; cut <= len; cut++) {
            struct bytes parts[] = { bytes_of(data, cut), bytes_of(data + cut, len - cut) };
            struct hash two = hash_parts(parts, 2);
            assert_true(hash_equal(&whole, &two));
        }
    }
}

static void a_leaf_and_a_node_have_their_prefix(void **state)
{
    (void)state;
    uint8_t data[193] = { 0 };
    for (size_t len = 0; len < sizeof data; len++) {
        memset(data + 1, (int)len, len);
        struct hash leaf = hash_leaf(bytes_of(data + 1, len));
        struct hash expect = hash_bytes(bytes_of(data, len + 1));
        assert_true(hash_equal(&leaf, &expect));
    }

    struct hash left, right;
    uint8_t both[65] = { 0x01 };
    memset(left.b, 0xaa, 32);
    memset(right.b, 0xbb, 32);
    memcpy(both + 1, left.b, 32);
    memcpy(both + 33, right.b, 32);
    struct hash node = hash_node(&left, &right);
    struct hash expect = hash_bytes(BYTES(both));
    assert_true(hash_equal(&node, &expect));
    node = hash_node(&right, &left);
    assert_false(hash_equal(&node, &expect));
}

static void zero_is_only_zero(void **state)
{
    (void)state;
    struct hash h = { { 0 } };
    assert_true(hash_is_zero(&h));
    h.b[31] = 1;
    assert_false(hash_is_zero(&h));
}

static void crc32c_is_castagnolis(void **state)
{
    (void)state;
    /* RFC 3720 section B.4. */
    uint8_t data[32] = { 0 };
    assert_true(crc32c(BYTES(data)) == 0x8a9136aa);
    memset(data, 0xff, sizeof data);
    assert_true(crc32c(BYTES(data)) == 0x62a8ab43);
    for (uint8_t i = 0; i < 32; i++)
        data[i] = i;
    assert_true(crc32c(BYTES(data)) == 0x46dd794e);
    assert_true(crc32c(bytes_text("123456789")) == 0xe3069283);
    assert_true(crc32c(bytes_of(NULL, 0)) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_is_the_standards),
        cmocka_unit_test(every_length_and_cut_gives_one_digest),
        cmocka_unit_test(a_leaf_and_a_node_have_their_prefix),
        cmocka_unit_test(zero_is_only_zero),
        cmocka_unit_test(crc32c_is_castagnolis),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
