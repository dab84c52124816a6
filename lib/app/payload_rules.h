/* payload_rules: which fields are dates, countries, GEOIDs. Private to payload.c and payload_json.c. */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

/* A uint32 written as YYYYMMDD in the payload and as "2014-06" in JSON. */
bool payload_is_date(const ProtobufCFieldDescriptor *field);
bool payload_is_country(const ProtobufCFieldDescriptor *field);
bool payload_is_geoid(const ProtobufCFieldDescriptor *field);
