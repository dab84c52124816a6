/* members: everybody who may talk to this hub, in memory: by author, by name, by transport key; and what is
 * known of each at the moment. Made from the store at the start, brought up to date after each commit.
 * Thread-safe. */
#pragma once

#include "hubd/member.h"

struct members;

/* What is known of a member while the hub runs. */
struct member_live {
    bool connected;
    uint64_t next; /* the hub holds 0 .. next-1 durably */
    struct hash head;
    uint64_t offered;         /* the member itself has 0 .. offered-1; 0 when it never said */
    uint64_t last_contact_ms; /* wall clock; 0: never. Outlives a restart */
    uint64_t kept_ms;         /* as far as that was written */
    char software[64];
};

enum key_of { KEY_NOBODY, KEY_MEMBER, KEY_INVITE };

struct members *members_new(void);
void members_free(struct members **members);
/* Reads everything. E_CORRUPT, E_VERSION. */
enum err members_load(struct members *members, struct store_view *view);

/* Adds or replaces; what is known of the moment stays. */
void members_set(struct members *members, const struct member *member);
/* One that is pending; of any other nothing changes. */
void members_forget(struct members *members, const struct hash *author);
void members_set_key(struct members *members, const struct key *key, const struct hash *author);
void members_set_invite(struct members *members, const struct invite *invite);

/* Whose key it is. The out parameters may be NULL. */
enum key_of members_key(struct members *members, const struct key *key, struct member *member,
                        struct invite *invite);
bool members_get(struct members *members, const struct hash *author, struct member *out,
                 struct member_live *live);
/* By admitted name, hex author, or a unique prefix (4 or more) of either; pending ones too. E_NOT_FOUND,
 * E_USAGE. */
enum err members_find(struct members *members, const char *word, struct member *out);
size_t members_count(struct members *members, enum member_state state);

void members_connected(struct members *members, const struct hash *author, bool connected,
                       const char *software, uint64_t now_ms);
void members_heard(struct members *members, const struct hash *author, uint64_t now_ms);
void members_held(struct members *members, const struct hash *author, uint64_t next, const struct hash *head);
void members_offered(struct members *members, const struct hash *author, uint64_t next);

/* When members were last heard, of those that were heard since this told of them last; how many. */
struct member_contact {
    struct hash author;
    uint64_t time_ms;
};
size_t members_unkept(struct members *members, struct member_contact *out, size_t max);

/* In no order, under the lock: each() must not call back. Stops when it returns false. */
void members_each(struct members *members,
                  bool (*each)(void *context, const struct member *member, const struct member_live *live),
                  void *context);
void members_each_invite(struct members *members, bool (*each)(void *context, const struct invite *invite),
                         void *context);
/* Every transport key that a member holds. */
void members_each_key(struct members *members,
                      void (*each)(void *context, const struct key *key, const struct member *member),
                      void *context);
