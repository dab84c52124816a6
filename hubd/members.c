#include "hubd/members.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "hubd/table.h"

struct entry {
    struct member member;
    struct member_live live;
};

/* A transport key: a member's or an invite's. */
struct key_row {
    struct key key;
    struct entry *member;  /* NULL: of an invite */
    struct invite *invite; /* owned */
};

struct members {
    pthread_mutex_t lock;
    struct table by_author; /* -> entry, owned */
    struct table by_name;   /* SHA-256 of the name -> entry, of those that were admitted */
    struct table by_key;    /* -> key_row, owned */
};

struct members *members_new(void)
{
    struct members *members = mem_alloc(sizeof *members);
    pthread_mutex_init(&members->lock, NULL);
    return members;
}

void members_free(struct members **members)
{
    struct members *m = *members;
    if (m == NULL)
        return;
    struct key_row *row;
    for (size_t at = 0; (row = table_next(&m->by_key, &at)) != NULL;) {
        free(row->invite);
        free(row);
    }
    struct entry *entry;
    for (size_t at = 0; (entry = table_next(&m->by_author, &at)) != NULL;)
        free(entry);
    table_clear(&m->by_key);
    table_clear(&m->by_name);
    table_clear(&m->by_author);
    pthread_mutex_destroy(&m->lock);
    free(m);
    *members = NULL;
}

static struct key_row *key_row(struct members *m, const struct key *key)
{
    struct key_row *row = table_get(&m->by_key, key->b);
    if (row == NULL) {
        row = mem_alloc(sizeof *row);
        row->key = *key;
        table_put(&m->by_key, key->b, row);
    }
    return row;
}

static void set_member(struct members *m, const struct member *member)
{
    struct entry *entry = table_get(&m->by_author, member->author.b);
    if (entry == NULL) {
        entry = mem_alloc(sizeof *entry);
        table_put(&m->by_author, member->author.b, entry);
    }
    entry->member = *member;
    if (member->state == MEMBER_PENDING)
        return;
    struct hash name = hash_bytes(bytes_text(member->name));
    table_put(&m->by_name, name.b, entry);
    key_row(m, &member->transport)->member = entry;
}

void members_set(struct members *members, const struct member *member)
{
    pthread_mutex_lock(&members->lock);
    set_member(members, member);
    pthread_mutex_unlock(&members->lock);
}

/* No name and no key points to one that is pending. */
void members_forget(struct members *members, const struct hash *author)
{
    pthread_mutex_lock(&members->lock);
    struct entry *entry = table_get(&members->by_author, author->b);
    if (entry != NULL && entry->member.state == MEMBER_PENDING) {
        table_remove(&members->by_author, author->b);
        free(entry);
    }
    pthread_mutex_unlock(&members->lock);
}

static void set_key(struct members *m, const struct key *key, const struct hash *author)
{
    struct entry *entry = table_get(&m->by_author, author->b);
    if (entry != NULL)
        key_row(m, key)->member = entry;
}

void members_set_key(struct members *members, const struct key *key, const struct hash *author)
{
    pthread_mutex_lock(&members->lock);
    set_key(members, key, author);
    pthread_mutex_unlock(&members->lock);
}

static void set_invite(struct members *m, const struct invite *invite)
{
    struct key_row *row = key_row(m, &invite->key);
    if (row->invite == NULL)
        row->invite = mem_alloc(sizeof *row->invite);
    *row->invite = *invite;
}

void members_set_invite(struct members *members, const struct invite *invite)
{
    pthread_mutex_lock(&members->lock);
    set_invite(members, invite);
    pthread_mutex_unlock(&members->lock);
}

enum key_of members_key(struct members *members, const struct key *key, struct member *member,
                        struct invite *invite)
{
    enum key_of kind = KEY_NOBODY;
    pthread_mutex_lock(&members->lock);
    struct key_row *row = table_get(&members->by_key, key->b);
    if (row != NULL && row->member != NULL) {
        kind = KEY_MEMBER;
        if (member != NULL)
            *member = row->member->member;
    } else if (row != NULL && row->invite != NULL) {
        kind = KEY_INVITE;
        if (invite != NULL)
            *invite = *row->invite;
    }
    pthread_mutex_unlock(&members->lock);
    return kind;
}

bool members_get(struct members *members, const struct hash *author, struct member *out,
                 struct member_live *live)
{
    pthread_mutex_lock(&members->lock);
    const struct entry *entry = table_get(&members->by_author, author->b);
    if (entry != NULL && out != NULL)
        *out = entry->member;
    if (entry != NULL && live != NULL)
        *live = entry->live;
    pthread_mutex_unlock(&members->lock);
    return entry != NULL;
}

#define PREFIX_MIN 4
#define SLIPS_MAX 2 /* a name so near may have been meant */

/* How a word fits: 2 exactly, 1 as a prefix, 0 not. */
static int fits(const struct entry *entry, const char *word, size_t length)
{
    char hex[2 * HASH_BYTES + 1];
    hex_encode(entry->member.author.b, HASH_BYTES, hex);
    if (strcmp(entry->member.name, word) == 0 || strcmp(hex, word) == 0)
        return 2;
    if (length < PREFIX_MIN)
        return 0;
    return strncmp(entry->member.name, word, length) == 0 || strncmp(hex, word, length) == 0;
}

/* The name that was probably meant; "" when none is near. */
static void find_nearest(struct members *members, const char *word, char out[static MAX_NAME_BYTES + 1])
{
    unsigned best = SLIPS_MAX + 1;
    out[0] = 0;
    if (strlen(word) > MAX_NAME_BYTES)
        return;
    pthread_mutex_lock(&members->lock);
    const struct entry *entry;
    for (size_t at = 0; (entry = table_next(&members->by_author, &at)) != NULL;) {
        unsigned distance = text_distance(word, entry->member.name);
        if (distance >= best)
            continue;
        best = distance;
        snprintf(out, MAX_NAME_BYTES + 1, "%s", entry->member.name);
    }
    pthread_mutex_unlock(&members->lock);
}

static enum err nobody(struct members *members, const char *word)
{
    char near[MAX_NAME_BYTES + 1];
    find_nearest(members, word, near);
    if (near[0] != 0)
        return fail(E_NOT_FOUND, "no peer is called \"%.80s\"; did you mean %s?", word, near);
    return fail(E_NOT_FOUND, "no peer is called \"%.80s\"", word);
}

enum err members_find(struct members *members, const char *word, struct member *out)
{
    size_t found = 0;
    struct hash name = hash_bytes(bytes_text(word));
    pthread_mutex_lock(&members->lock);
    const struct entry *entry = table_get(&members->by_name, name.b);
    if (entry != NULL) {
        *out = entry->member;
        found = 1;
    }
    for (size_t at = 0; found == 0 && (entry = table_next(&members->by_author, &at)) != NULL;)
        if (fits(entry, word, strlen(word)) == 2) {
            *out = entry->member;
            found = 1;
        }
    if (found == 0)
        for (size_t at = 0; (entry = table_next(&members->by_author, &at)) != NULL;)
            if (fits(entry, word, strlen(word)) == 1 && found++ == 0)
                *out = entry->member;
    pthread_mutex_unlock(&members->lock);

    if (found == 0)
        return nobody(members, word);
    if (found > 1)
        return fail(E_USAGE, "%zu peers begin with \"%.80s\"", found, word);
    return E_OK;
}

size_t members_count(struct members *members, enum member_state state)
{
    size_t count = 0;
    pthread_mutex_lock(&members->lock);
    const struct entry *entry;
    for (size_t at = 0; (entry = table_next(&members->by_author, &at)) != NULL;)
        count += entry->member.state == state;
    pthread_mutex_unlock(&members->lock);
    return count;
}

/* ---- what is known of the moment */

void members_connected(struct members *members, const struct hash *author, bool connected,
                       const char *software, uint64_t now_ms)
{
    pthread_mutex_lock(&members->lock);
    struct entry *entry = table_get(&members->by_author, author->b);
    if (entry != NULL) {
        entry->live.connected = connected;
        entry->live.last_contact_ms = now_ms;
        if (software != NULL)
            snprintf(entry->live.software, sizeof entry->live.software, "%s", software);
    }
    pthread_mutex_unlock(&members->lock);
}

void members_heard(struct members *members, const struct hash *author, uint64_t now_ms)
{
    pthread_mutex_lock(&members->lock);
    struct entry *entry = table_get(&members->by_author, author->b);
    if (entry != NULL)
        entry->live.last_contact_ms = now_ms;
    pthread_mutex_unlock(&members->lock);
}

static void set_held(struct members *m, const struct hash *author, uint64_t next, const struct hash *head)
{
    struct entry *entry = table_get(&m->by_author, author->b);
    if (entry == NULL)
        return;
    entry->live.next = next;
    entry->live.head = *head;
    if (entry->live.offered < next)
        entry->live.offered = next;
}

void members_held(struct members *members, const struct hash *author, uint64_t next, const struct hash *head)
{
    pthread_mutex_lock(&members->lock);
    set_held(members, author, next, head);
    pthread_mutex_unlock(&members->lock);
}

void members_offered(struct members *members, const struct hash *author, uint64_t next)
{
    pthread_mutex_lock(&members->lock);
    struct entry *entry = table_get(&members->by_author, author->b);
    if (entry != NULL)
        entry->live.offered = next > entry->live.next ? next : entry->live.next;
    pthread_mutex_unlock(&members->lock);
}

size_t members_unkept(struct members *members, struct member_contact *out, size_t max)
{
    size_t count = 0;
    pthread_mutex_lock(&members->lock);
    struct entry *entry;
    for (size_t at = 0; count < max && (entry = table_next(&members->by_author, &at)) != NULL;) {
        if (entry->live.kept_ms == entry->live.last_contact_ms)
            continue;
        entry->live.kept_ms = entry->live.last_contact_ms;
        out[count++] = (struct member_contact){ entry->member.author, entry->live.kept_ms };
    }
    pthread_mutex_unlock(&members->lock);
    return count;
}

/* ---- all of them */

void members_each(struct members *members,
                  bool (*each)(void *context, const struct member *member, const struct member_live *live),
                  void *context)
{
    pthread_mutex_lock(&members->lock);
    const struct entry *entry;
    for (size_t at = 0; (entry = table_next(&members->by_author, &at)) != NULL;)
        if (!each(context, &entry->member, &entry->live))
            break;
    pthread_mutex_unlock(&members->lock);
}

void members_each_invite(struct members *members, bool (*each)(void *context, const struct invite *invite),
                         void *context)
{
    pthread_mutex_lock(&members->lock);
    const struct key_row *row;
    for (size_t at = 0; (row = table_next(&members->by_key, &at)) != NULL;)
        if (row->invite != NULL && !each(context, row->invite))
            break;
    pthread_mutex_unlock(&members->lock);
}

void members_each_key(struct members *members,
                      void (*each)(void *context, const struct key *key, const struct member *member),
                      void *context)
{
    pthread_mutex_lock(&members->lock);
    const struct key_row *row;
    for (size_t at = 0; (row = table_next(&members->by_key, &at)) != NULL;)
        if (row->member != NULL)
            each(context, &row->key, &row->member->member);
    pthread_mutex_unlock(&members->lock);
}

/* ---- from the store */

struct loading {
    struct members *members;
    enum err err;
};

static bool load_member(void *context, struct bytes key, struct bytes value)
{
    struct loading *loading = context;
    struct member member;
    loading->err = member_decode(key, value, &member, NULL);
    if (loading->err == E_OK)
        set_member(loading->members, &member);
    return loading->err == E_OK;
}

static bool load_key(void *context, struct bytes key, struct bytes value)
{
    struct loading *loading = context;
    struct invite invite;
    struct hash author;
    enum err err = invite_decode(key, value, &invite, &author);
    if (err == E_OK)
        set_invite(loading->members, &invite);
    if (err == E_EXISTS) {
        struct key own;
        memcpy(own.b, key.data, KEY_BYTES);
        set_key(loading->members, &own, &author);
    }
    loading->err = err == E_EXISTS ? E_OK : err;
    return loading->err == E_OK;
}

static bool load_contact(void *context, struct bytes key, struct bytes value)
{
    struct members *m = context;
    struct entry *entry = key.len == HASH_BYTES ? table_get(&m->by_author, key.data) : NULL;
    if (entry != NULL && value.len == 8)
        entry->live.last_contact_ms = entry->live.kept_ms = get_u64(value.data);
    return true;
}

static bool load_feed(void *context, const struct feed *feed)
{
    set_held(context, &feed->author, feed->next, &feed->head);
    return true;
}

static enum err load_all(struct members *members, struct store_view *view)
{
    struct loading loading = { members, E_OK };
    TRY(store_each(view, STORE_PEERS, bytes_of(NULL, 0), load_member, &loading));
    TRY(loading.err);
    TRY(store_each(view, STORE_KEYS, bytes_of(NULL, 0), load_key, &loading));
    TRY(loading.err);
    TRY(store_each(view, STORE_MARKS, bytes_of(NULL, 0), load_contact, members));
    return store_each_feed(view, load_feed, members);
}

enum err members_load(struct members *members, struct store_view *view)
{
    pthread_mutex_lock(&members->lock);
    enum err err = load_all(members, view);
    pthread_mutex_unlock(&members->lock);
    return err;
}
