/* edit: the options of `record add` and `record amend` as changes to a statement's JSON. */
#pragma once

#include <jansson.h>

#include "nodectl/args.h"

/* Sets a member by its path: "title", "partners[0].country", "visit.size". Steals value. E_USAGE for a path
 * that does not fit what is there. */
enum err edit_set(json_t *root, const char *path, json_t *value);
/* Takes a member away. E_USAGE when it is not there. */
enum err edit_unset(json_t *root, const char *path);

/* Applies --title, --partner ... to statement. E_USAGE with what is wrong and what was meant: a country by
 * its name, an end before the start, a line break in a title. */
enum err edit_apply(json_t *statement, const struct args *args);

/* Names the jurisdiction itself as the lead of the US side, when no US side is named. geoid "": none is
 * added. */
void edit_us_side(json_t *statement, const char *geoid, const char *title);
/* "US-OH" for a GEOID of Ohio; "" for one that begins with no state. */
const char *edit_region(const char *geoid);
