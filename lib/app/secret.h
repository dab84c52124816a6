/* secret: key files of a home. 0600, one line: "chancery-key-1 PURPOSE HEX" plain, or sealed with a
 * passphrase (argon2id and secretbox of libsodium). A file that others can read is refused. */
#pragma once

#include "base/err.h"
#include "core/id.h"

/* E_EXISTS when there is one. */
enum err secret_write(const char *path, const char *purpose, const uint8_t seed[static 32],
                      const char *passphrase);
/* E_NOT_FOUND, E_DENIED (mode, or a passphrase is needed or wrong), E_MALFORMED. */
enum err secret_read(const char *path, const char *purpose, const char *passphrase, uint8_t seed[static 32]);
