#include "nodectl/country.h"

#include <ctype.h>
#include <jansson.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "nodectl/errors.h"

#define LIST "/usr/share/iso-codes/json/iso_3166-1.json"

/* What people write for what ISO calls otherwise. */
static const struct {
    const char *typed, *code;
} others[] = {
    { "UK", "GB" },
    { "England", "GB" },
    { "Scotland", "GB" },
    { "Great Britain", "GB" },
    { "South Korea", "KR" },
    { "Korea", "KR" },
    { "Russia", "RU" },
    { "Taiwan", "TW" },
    { "Holland", "NL" },
    { "Turkey", "TR" },
    { "Kosovo", "XK" },
    { "Ivory Coast", "CI" },
    { "Czech Republic", "CZ" },
    { "Palestine", "PS" },
    { "Vietnam", "VN" },
    { "Bolivia", "BO" },
};

static bool is_code(const char *text)
{
    return strlen(text) == 2 && isupper((unsigned char)text[0]) && isupper((unsigned char)text[1]);
}

static const char *member(const json_t *country, const char *key)
{
    const char *text = json_string_value(json_object_get(country, key));
    return text != NULL ? text : "";
}

/* How far what was typed is from a country: 0 is its code in other letters, its name or its three-letter
 * code. */
static unsigned distance(const char *typed, const json_t *country)
{
    static const char *const exact[] = { "alpha_2", "alpha_3", "name", "common_name", "official_name" };
    unsigned best = 9;
    for (size_t i = 0; i < sizeof exact / sizeof *exact; i++) {
        const char *text = member(country, exact[i]);
        if (text[0] != 0 && strcasecmp(text, typed) == 0)
            return 0;
        unsigned d = i >= 2 && strlen(typed) > 3 ? text_distance(typed, text) : 9;
        best = d < best ? d : best;
    }
    return best;
}

static const json_t *nearest(const json_t *list, const char *typed)
{
    const json_t *best = NULL;
    unsigned least = 3;
    size_t i;
    json_t *country;
    json_array_foreach(list, i, country)
    {
        unsigned d = distance(typed, country);
        if (d < least) {
            least = d;
            best = country;
        }
    }
    return best;
}

static bool is_listed(const json_t *list, const char *code)
{
    size_t i;
    json_t *country;
    json_array_foreach(list, i, country)
    {
        if (strcmp(member(country, "alpha_2"), code) == 0)
            return true;
    }
    return strcmp(code, "XK") == 0;
}

static void suggest(const json_t *list, const char *typed)
{
    errors_hint("two capital letters of ISO 3166-1: JP for Japan, MX for Mexico");
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcasecmp(others[i].typed, typed) == 0) {
            errors_hint("did you mean %s?", others[i].code);
            return;
        }
    const json_t *country = nearest(list, typed);
    if (country != NULL)
        errors_hint("did you mean %s (%s)?", member(country, "alpha_2"), member(country, "name"));
}

enum err country_check(const char *text)
{
    json_t *file = json_load_file(LIST, 0, NULL);
    const json_t *list = json_object_get(file, "3166-1");
    bool good = is_code(text) && (list == NULL || is_listed(list, text));
    if (!good)
        suggest(list, text);
    json_decref(file);
    return good ? E_OK : fail(E_USAGE, "country \"%s\" is not a country's code", text);
}
