/* payload: JSON to payload and back, by the descriptors of proto/statement.proto.
 *
 * Members are the schema's field names; what is not stated is absent. Enums are the field's words (or the
 * number of one that is not known here), dates "2014-06", ids and hashes hex (16-byte ids also as 26
 * characters of Crockford base32 on the way in), money and points the integers that they are; 64-bit numbers
 * past 2^63 - 1 are texts. What JSON says and the schema does not know is refused with its path and the
 * nearest name. */
#pragma once

#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"

/* Appends to out. E_USAGE with the path of what is wrong: "partners[0].country: expected two capital
 * letters"; E_TOO_BIG past MAX_PAYLOAD_BYTES; E_NOT_FOUND for a type not known. */
enum err payload_from_json(uint32_t payload_type, const json_t *json, struct buf *out);
/* Unknown fields are left out and counted in "unknown_fields" (nested ones too; absent when there are none);
 * dates that are none are the eight digits they are. E_MALFORMED, E_TOO_BIG (it would take too much memory),
 * E_NOT_FOUND for a type not known. The caller owns *out. */
enum err payload_to_json(uint32_t payload_type, struct bytes payload, json_t **out);
