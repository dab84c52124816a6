#include "hubd/view/codes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ISO 3166-1 alpha-2 and XK, ascending, without separators. */
static const char countries[] =
    "ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCDCFCGCHCICKCLCMCNCOCR"
    "CUCVCWCXCYCZDEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHU"
    "IDIEILIMINIOIQIRISITJEJMJOJPKEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQ"
    "MRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURWSASBSCSDSESGSHSI"
    "SJSKSLSMSNSOSRSSSTSVSXSYSZTCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUMUSUYUZVAVCVEVGVIVNVUWFWSXKYEYTZAZMZW";

/* FIPS number and postal code, ascending by number. */
static const char states[] =
    "01AL02AK04AZ05AR06CA08CO09CT10DE11DC12FL13GA15HI16ID17IL18IN19IA20KS21KY22LA23ME24MD25MA26MI27MN28MS"
    "29MO30MT31NE32NV33NH34NJ35NM36NY37NC38ND39OH40OK41OR42PA44RI45SC46SD47TN48TX49UT50VT51VA53WA54WV55WI"
    "56WY60AS66GU69MP72PR74UM78VI";

static int compare_pair(const void *a, const void *b)
{
    return memcmp(a, b, 2);
}

bool code_is_country(const char *code)
{
    return strlen(code) == 2 && bsearch(code, countries, sizeof countries / 2, 2, compare_pair) != NULL;
}

static void write_state(const char *postal, char *out)
{
    snprintf(out, STATE_BYTES, "US-%.2s", postal);
}

bool code_state_of_geoid(const char *geoid, char out[static STATE_BYTES])
{
    if (strlen(geoid) < 2)
        return false;
    const char *found = bsearch(geoid, states, sizeof states / 4, 4, compare_pair);
    if (found != NULL)
        write_state(found + 2, out);
    return found != NULL;
}

bool code_state(const char *word, char out[static STATE_BYTES])
{
    if (strncasecmp(word, "us-", 3) == 0)
        word += 3;
    if (strlen(word) != 2)
        return false;
    for (size_t i = 0; i + 4 <= sizeof states - 1; i += 4)
        if (strncasecmp(states + i + 2, word, 2) == 0) {
            write_state(states + i + 2, out);
            return true;
        }
    return false;
}

bool code_state_of_name(const char *name, char out[static STATE_BYTES])
{
    if (strncmp(name, "us-", 3) != 0 || strlen(name) < 5 || (name[5] != '\0' && name[5] != '-'))
        return false;
    char postal[3] = { name[3], name[4], '\0' };
    return code_state(postal, out);
}
