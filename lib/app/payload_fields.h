/* payload_fields: what the schema says of a field in words only: which numbers are dates, how long ids are,
 * which texts are codes. */
#pragma once

#include "core/statement.h"

/* What one value takes in the C struct. */
size_t field_value_size(const ProtobufCFieldDescriptor *field);
/* A uint32 that is YYYYMMDD. */
bool field_is_date(const ProtobufCMessageDescriptor *type, const ProtobufCFieldDescriptor *field);
/* How many bytes a bytes field has; 0 when any number will do. */
size_t field_length(const ProtobufCFieldDescriptor *field);
/* Whether text is what the field holds: a country code, a currency, a GEOID. True for fields without such a
 * rule, else *expected says in words what was wanted. */
bool field_accepts(const ProtobufCFieldDescriptor *field, const char *text, const char **expected);
