/* text: the spellings that people and files use: hex, Crockford base32, base64url, numbers, dates, slugs.
 *
 * Decoders are strict: one spelling a value, E_MALFORMED for anything else. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Lower-case hex with a NUL; out has 2 * len + 1 bytes. */
void hex_encode(const void *data, size_t len, char *out);
void hex_append(struct buf *out, struct bytes bytes);
/* Exactly len bytes from text (either case). */
enum err hex_decode(const char *text, void *out, size_t len);
enum err hex_decode_buf(const char *text, struct buf *out); /* appends; nothing on failure */

/* 16-byte ids as 26 characters of Crockford base32 (two leading zero bits), upper case, and a NUL. */
#define ID16_TEXT_LEN 26
void id16_encode(const uint8_t id[static 16], char out[static ID16_TEXT_LEN + 1]);
/* Accepts lower case, and O for 0, I and L for 1, as Crockford wants. */
enum err id16_decode(const char *text, uint8_t id[static 16]);
/* A prefix of 1 to 26 characters: the lowest and highest id that begin with it. */
enum err id16_range(const char *prefix, uint8_t low[static 16], uint8_t high[static 16]);

/* RFC 4648 section 5, no padding. Decoding appends; nothing on failure. */
void base64url_append(struct buf *out, struct bytes bytes);
enum err base64url_decode(const char *text, size_t len, struct buf *out);

bool text_is_utf8(struct bytes text); /* well formed, no NUL */
/* Appends text with control characters, what turns the direction of writing, and broken UTF-8 as \xHH, for
 * terminals and logs. */
void text_escape(struct buf *out, struct bytes text);
/* One line with something on it: no control characters, and not of blanks alone. */
bool text_is_line(const char *text);
bool text_is_name(const char *text); /* [a-z0-9][a-z0-9-]{0,63}: us-oh-dayton */
/* Lower-case ASCII letters, digits and single dashes out of any UTF-8 ("San José" -> "san-jose"). */
void text_slug(struct buf *out, struct bytes text);
/* Calls word() for each maximal run of letters and digits, lower-cased, Latin accents folded, at most
 * 63 bytes each, cut there. */
void text_words(struct bytes text, void (*word)(void *context, const char *word, size_t len), void *context);

enum err parse_u64(const char *text, uint64_t *out); /* decimal, no sign, no leading zero, whole text */
enum err parse_u32(const char *text, uint32_t *out);
/* 72h, 30m, 10s, 250ms, 7d, or milliseconds alone. */
enum err parse_duration_ms(const char *text, uint64_t *out);
/* 4096, 64KiB, 10MiB, 1GiB, 1TiB. */
enum err parse_size(const char *text, uint64_t *out);

/* Dates of reduced precision as YYYYMMDD with zeros: "2014" -> 20140000, "2014-06" -> 20140600. */
enum err date_parse(const char *text, uint32_t *out);
void date_format(uint32_t date, char out[static 11]); /* "" for 0 */
/* RFC 3339 UTC with milliseconds: 2026-11-23T21:00:00.000Z, 24 characters. Past the year 9999 its last
 * millisecond. */
void time_format(uint64_t time_ms, char out[static 25]);

/* How alike two words are: number of edits (a letter more, less or other, or two changed over), capped at 9.
 * For "did you mean". */
unsigned text_distance(const char *a, const char *b);
