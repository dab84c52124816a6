/* payload: JSON to payload and back, by the descriptors of proto/statement.proto.
 *
 * Enums are the field's words, dates "2014-06", ids and hashes hex, money and points as they stand. What JSON
 * says and the schema does not know is refused with its path and the nearest name. */
#pragma once

#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"

/* E_USAGE with the path of what is wrong: "partners[0].country: expected two capital letters". */
enum err payload_from_json(uint32_t payload_type, const json_t *json, struct buf *out);
/* Unknown fields are left out and counted in "unknown_fields". E_MALFORMED, E_NOT_FOUND for a type not known.
 */
enum err payload_to_json(uint32_t payload_type, struct bytes payload, json_t **out);
