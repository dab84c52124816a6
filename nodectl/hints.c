#include "nodectl/hints.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define REFS "'nodectl record ls' lists this feed; 'nodectl help refs' tells how records are named"
#define NEWER "what was retracted stays so; say it anew with 'nodectl record add'"
#define PEERS "'nodectl peer ls' lists them"
#define WORDS "'nodectl help query' tells the words, the fields and how they are written"

/* The first row that fits: a command that ends with a dot means all that begin so. */
static const struct {
    const char *command;
    enum err code;
    const char *hint;
} rows[] = {
    { "record.amend", E_UNMET, NEWER },
    { "record.show", E_DENIED,
      "amend what this home's own feed says; a peer's record is amended at its own node" },
    { "record.amend", E_DENIED,
      "amend what this home's own feed says; a peer's record is amended at its own node" },
    { "record.retract", E_EXISTS, "'nodectl record ls' shows the retraction; " NEWER },
    { "record.retract", E_UNMET, NEWER },
    { "record.retract", E_DENIED,
      "retract what this home's own feed says; a peer's record is retracted at its own node" },
    { "record.retract", E_USAGE, "'nodectl record ls' shows which records are engagements" },
    { "record.put", E_EXISTS, "'nodectl record amend REF' says anew what an engagement is" },
    { "record.", E_UNMET,
      "leave out @ and what follows it to see the record that is here; another id under "
      "one number means that the reference is mistyped, or that the feed has forked" },
    { "record.", E_NOT_FOUND, REFS },
    { "record.", E_USAGE, REFS },
    { "query", E_USAGE, WORDS },
    { "export", E_USAGE, WORDS },
    { "invite.new", E_EXISTS,
      "a member needs no invite: 'nodectl peer show NAME' tells of it; choose another name for another "
      "node" },
    { "invite.new", E_USAGE, "nodectl invite --for us-oh-dayton --expires 72h --endpoint tcp://HOST:PORT" },
    { "invite.revoke", E_USAGE, "'nodectl invite ls' lists the ids" },
    { "invite.revoke", E_NOT_FOUND, "'nodectl invite ls' lists the ids" },
    { "invite.revoke", E_UNMET, "'nodectl invite ls' tells which are still open" },
    { "peer.acknowledge", E_EXISTS, "'nodectl peer show PEER' tells since when" },
    { "peer.", E_NOT_FOUND, PEERS },
    { "peer.", E_USAGE, PEERS },
    { "peer.", E_EXISTS, PEERS },
    { "peer.", E_UNMET, "'nodectl peer show PEER' tells its state" },
    { "join", E_EXISTS, "'nodectl peer ls' shows the hub that this node has joined" },
    { "join", E_DENIED, "ask who runs the hub for a new token" },
};

static bool fits(const char *pattern, const char *command)
{
    size_t len = strlen(pattern);
    if (len > 0 && pattern[len - 1] == '.')
        return strncmp(pattern, command, len) == 0;
    return strcmp(pattern, command) == 0;
}

const char *hints_of(const char *command, enum err code)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].code == code && fits(rows[i].command, command))
            return rows[i].hint;
    return "";
}
