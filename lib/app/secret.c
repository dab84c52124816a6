#include "app/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

#define PLAIN_TAG "chancery-key-1"
#define SEALED_TAG "chancery-sealed-key-1"
#define SEALED_BYTES (32 + crypto_secretbox_MACBYTES)
#define FILE_MAX 1024

/* Interactive limits of libsodium's argon2id: a tenth of a second and 64 MiB. */
static enum err derive(const char *passphrase, const uint8_t *salt, uint8_t key[static 32])
{
    if (crypto_pwhash(key, 32, passphrase, strlen(passphrase), salt, crypto_pwhash_OPSLIMIT_INTERACTIVE,
                      crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13) != 0)
        return fail(E_IO, "not enough memory to derive a key from the passphrase");
    return E_OK;
}

static void wipe_buf(struct buf *buf)
{
    if (buf->data != NULL)
        sodium_memzero(buf->data, buf->cap);
    buf_clear(buf);
}

static enum err seal(const char *purpose, const uint8_t *seed, const char *passphrase, struct buf *out)
{
    uint8_t salt[crypto_pwhash_SALTBYTES], nonce[crypto_secretbox_NONCEBYTES], key[32], box[SEALED_BYTES];
    randombytes_buf(salt, sizeof salt);
    randombytes_buf(nonce, sizeof nonce);
    TRY(derive(passphrase, salt, key));
    crypto_secretbox_easy(box, seed, 32, nonce, key);
    sodium_memzero(key, sizeof key);

    buf_printf(out, "%s %s ", SEALED_TAG, purpose);
    hex_append(out, BYTES(salt));
    hex_append(out, BYTES(nonce));
    hex_append(out, BYTES(box));
    buf_text(out, "\n");
    return E_OK;
}

enum err secret_write(const char *path, const char *purpose, const uint8_t seed[static 32],
                      const char *passphrase)
{
    AUTO(wipe_buf) struct buf text = { 0 };
    buf_reserve(&text, FILE_MAX); /* so that no half-written copy is left behind in a smaller block */
    if (passphrase != NULL) {
        TRY(seal(purpose, seed, passphrase, &text));
    } else {
        buf_printf(&text, "%s %s ", PLAIN_TAG, purpose);
        hex_append(&text, bytes_of(seed, 32));
        buf_text(&text, "\n");
    }
    return file_create(path, buf_view(&text), 0600);
}

static enum err check_mode(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return errno == ENOENT ? fail(E_NOT_FOUND, "key file %s is missing", path)
                               : fail_errno(E_IO, "cannot look at key file %s", path);
    if ((st.st_mode & 077) != 0)
        return fail(E_DENIED, "key file %s can be read by others (mode %03o): run chmod 600 on it", path,
                    (unsigned)st.st_mode & 0777);
    return E_OK;
}

static enum err unseal(const char *path, const char *hex, const char *passphrase, uint8_t seed[static 32])
{
    uint8_t raw[crypto_pwhash_SALTBYTES + crypto_secretbox_NONCEBYTES + SEALED_BYTES], key[32];
    if (strlen(hex) != 2 * sizeof raw || hex_decode(hex, raw, sizeof raw) != E_OK)
        return fail(E_MALFORMED, "key file %s is damaged", path);
    if (passphrase == NULL)
        return fail(E_DENIED, "key file %s is sealed: its passphrase is needed", path);

    const uint8_t *nonce = raw + crypto_pwhash_SALTBYTES;
    TRY(derive(passphrase, raw, key));
    int bad = crypto_secretbox_open_easy(seed, nonce + crypto_secretbox_NONCEBYTES, SEALED_BYTES, nonce, key);
    sodium_memzero(key, sizeof key);
    return bad == 0 ? E_OK : fail(E_DENIED, "the passphrase does not open key file %s", path);
}

enum err secret_read(const char *path, const char *purpose, const char *passphrase, uint8_t seed[static 32])
{
    TRY(check_mode(path));
    AUTO(wipe_buf) struct buf file = { 0 };
    TRY(file_read(path, FILE_MAX - 1, &file));

    char tag[32], what[32], hex[FILE_MAX];
    if (sscanf(buf_string(&file), "%31s %31s %1023s", tag, what, hex) != 3)
        return fail(E_MALFORMED, "key file %s is damaged", path);
    enum err err = E_OK;
    if (strcmp(what, purpose) != 0)
        err = fail(E_MALFORMED, "key file %s holds a %s key, not a %s key", path, what, purpose);
    else if (strcmp(tag, SEALED_TAG) == 0)
        err = unseal(path, hex, passphrase, seed);
    else if (strcmp(tag, PLAIN_TAG) != 0 || strlen(hex) != 64 || hex_decode(hex, seed, 32) != E_OK)
        err = fail(E_MALFORMED, "key file %s is damaged", path);
    sodium_memzero(hex, sizeof hex);
    return err;
}
