/* codes: the closed lists that index terms are held against: ISO 3166-1 countries, and the states and
 * territories of the US with their FIPS numbers.
 *
 * Codes that are off are never refused here: they are indexed as they stand and flagged. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define STATE_BYTES 6 /* "US-OH" and a NUL */

/* ISO 3166-1 alpha-2 in upper case, or XK. */
bool code_is_country(const char *code);
/* "US-OH" of a Census GEOID (its first two digits are the state's FIPS number). False when there is none. */
bool code_state_of_geoid(const char *geoid, char out[static STATE_BYTES]);
/* "US-OH" of a jurisdiction's name: us-oh, us-oh-dayton. False when it is not made that way. */
bool code_state_of_name(const char *name, char out[static STATE_BYTES]);
/* "US-OH" of "US-OH", "us-oh", "OH" or "oh"; anything else is false. */
bool code_state(const char *word, char out[static STATE_BYTES]);
