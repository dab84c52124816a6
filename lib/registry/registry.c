#include "registry/registry.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

bool registry_is_own(const struct registry *registry, const struct hash *author)
{
    return hash_equal(author, &registry->home->author);
}

void registry_name(const struct registry *registry, struct store_view *view, const struct hash *author,
                   char out[static MAX_NAME_BYTES + 1])
{
    if (registry_is_own(registry, author))
        snprintf(out, MAX_NAME_BYTES + 1, "%s", registry->home->inception.name);
    else if (!registry->host->name(registry->context, view, author, out))
        hex_encode(author->b, HASH_BYTES, out);
}

enum err registry_author(const struct registry *registry, struct store_view *view, const char *word,
                         struct hash *author)
{
    if (word[0] == 0 || strcmp(word, registry->home->inception.name) == 0) {
        *author = registry->home->author;
        return E_OK;
    }
    if (strlen(word) == 2 * HASH_BYTES && hex_decode(word, author->b, HASH_BYTES) == E_OK)
        return E_OK;
    return registry->host->author(registry->context, view, word, author);
}
