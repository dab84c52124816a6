/* token: the one-line invite. It carries where to dial, whom to expect there, and a one-time CURVE key.
 *
 * Text: "chancery1-" and base64url of: version u8=1 | name len u8, name | endpoint len u8, endpoint |
 * hub transport key[32] | hub author[32] | invite secret[32] | expires_ms u64 | first 4 bytes of SHA-256 of
 * all before. */
#pragma once

#include "base/limits.h"
#include "core/id.h"

struct token {
    char name[MAX_NAME_BYTES + 1];         /* whom it is for; "" = anyone, admitted by hand */
    char endpoint[MAX_ENDPOINT_BYTES + 1]; /* tcp://hub.example:7443 */
    struct key hub_key;                    /* CURVE */
    struct hash hub_author;
    uint8_t invite_secret[32]; /* X25519 */
    uint64_t expires_ms;
};

void token_encode(const struct token *token, struct buf *out);
/* E_MALFORMED with what is wrong: not a token, cut short, mistyped (checksum), other version (E_VERSION). */
enum err token_decode(const char *text, struct token *out);
