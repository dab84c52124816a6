/* country: two-letter codes, and which one a person meant. */
#pragma once

#include "base/err.h"

/* E_OK for a code of ISO 3166-1 (or XK). E_USAGE with a hint that names the code where "Japan", "jp" or "JPN"
 * was typed. Where the machine has no list of countries (package iso-codes), two capital letters are enough.
 */
enum err country_check(const char *text);
