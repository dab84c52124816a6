/* OpenSSL calls these functions deprecated in favour of EVP_*. They are what is wanted here: the same code
 * for the processor (SHA-NI), but no memory, no configuration file, no state of a thread or the process, and
 * nothing that can fail. See doc/adr/0005-hashing.md. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "core/hash.h"

#include <openssl/sha.h>

struct hash hash_parts(const struct bytes *parts, size_t count)
{
    struct hash out;
    SHA256_CTX state;
    SHA256_Init(&state);
    for (size_t i = 0; i < count; i++)
        if (parts[i].len > 0)
            SHA256_Update(&state, parts[i].data, parts[i].len);
    SHA256_Final(out.b, &state);
    return out;
}

struct hash hash_bytes(struct bytes bytes)
{
    return hash_parts(&bytes, 1);
}

struct hash hash_leaf(struct bytes leaf)
{
    static const uint8_t prefix = 0x00;
    return hash_parts((struct bytes[]){ BYTES_OF(prefix), leaf }, 2);
}

struct hash hash_node(const struct hash *left, const struct hash *right)
{
    static const uint8_t prefix = 0x01;
    return hash_parts((struct bytes[]){ BYTES_OF(prefix), BYTES(left->b), BYTES(right->b) }, 3);
}

/* RFC 3720 section B.4: polynomial 0x1edc6f41, reflected. Four bits at a time: frame headers are short. */
uint32_t crc32c(struct bytes bytes)
{
    static const uint32_t table[16] = {
        0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
        0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
    };
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < bytes.len; i++) {
        crc ^= bytes.data[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}
