/* view_query: the pages of a query, in the order that was asked for. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "hubd/view/groups.h"
#include "hubd/view/shown.h"

#define USUAL_ROWS 100U
#define MAX_PAGE_BYTES                                                                                       \
    1048576U /* of JSON, so that an answer takes the control thread no longer than some 50 ms */

/* Where a page ended: the engagement, and for sorted pages the key it had there. */
enum cursor_kind { CURSOR_NEWEST = 1, CURSOR_SORTED = 2, CURSOR_GROUPS = 3, CURSOR_EXPORT = 4 };

struct place {
    bool set;
    uint32_t ordinal; /* CURSOR_GROUPS: how many were shown */
    size_t key_len;
    uint8_t key[MAX_SORT_KEY_BYTES];
};

static enum err read_cursor(const char *text, enum cursor_kind kind, struct place *out)
{
    AUTO(buf_clear) struct buf bytes = { 0 };
    *out = (struct place){ 0 };
    if (text == NULL || text[0] == '\0')
        return E_OK;
    size_t len = strnlen(text, VIEW_CURSOR_BYTES);
    if (len == VIEW_CURSOR_BYTES || base64url_decode(text, len, &bytes) != E_OK || bytes.len < 5 ||
        bytes.len > 5 + MAX_SORT_KEY_BYTES)
        return fail(E_USAGE, "the cursor is none of ours");
    if (bytes.data[0] != kind || (kind == CURSOR_SORTED) != (bytes.len > 5))
        return fail(E_USAGE, "the cursor is of another kind of question");
    out->set = true;
    out->ordinal = get_u32(bytes.data + 1);
    out->key_len = bytes.len - 5;
    memcpy(out->key, bytes.data + 5, out->key_len);
    return E_OK;
}

static void write_cursor(enum cursor_kind kind, const struct place *place, struct buf *out)
{
    AUTO(buf_clear) struct buf bytes = { 0 };
    buf_u8(&bytes, (uint8_t)kind);
    buf_u32(&bytes, place->ordinal);
    buf_append(&bytes, place->key, place->key_len);
    base64url_append(out, buf_view(&bytes));
}

static size_t page_size(size_t limit, size_t usual)
{
    size_t size = limit > 0 ? limit : usual;
    return size < MAX_PAGE_ROWS ? size : MAX_PAGE_ROWS;
}

/* ---- picking the ordinals of a page */

struct page {
    struct snapshot *s;
    struct selection *selection;
    struct place after;        /* the end of the page before */
    const struct column *sort; /* NULL: newest first */
    bool descending;
    struct place *picks; /* sorted: a heap, the last of the page at the top */
    size_t count, limit;
    uint64_t total;
    bool more;
};

/* Newest first. Pieces are walked from the highest; those behind the page are only counted. */
static enum err pick_newest(struct page *page)
{
    AUTO(free_ptr) uint16_t *values = mem_alloc(PIECE_ORDINALS * sizeof *values);
    for (uint32_t number = selection_pieces(page->selection); number-- > 0;) {
        AUTO(piece_free) struct piece *piece = NULL;
        TRY(selection_piece(page->selection, number, &piece));
        size_t count = piece_count(piece);
        page->total += count;
        if (page->more || (page->after.set && number > page->after.ordinal >> 16))
            continue;
        piece_list(piece, values);
        for (size_t i = count; i-- > 0 && !page->more;) {
            uint32_t ordinal = number << 16 | values[i];
            if (page->after.set && ordinal >= page->after.ordinal)
                continue;
            page->more = page->count == page->limit;
            if (!page->more)
                page->picks[page->count++] = (struct place){ .ordinal = ordinal };
        }
    }
    return E_OK;
}

/* Negative when a comes first on the page. Keys begin with 0, or 1 for "no value", which is last either way.
 */
static int compare_places(const struct page *page, const struct place *a, const struct place *b)
{
    if (a->key[0] != b->key[0])
        return a->key[0] < b->key[0] ? -1 : 1;
    int order = bytes_compare(bytes_of(a->key, a->key_len), bytes_of(b->key, b->key_len));
    if (order != 0)
        return page->descending ? -order : order;
    return (a->ordinal < b->ordinal) - (a->ordinal > b->ordinal);
}

static bool is_before(const struct page *page, size_t a, size_t b)
{
    return compare_places(page, &page->picks[a], &page->picks[b]) < 0;
}

static void swap_picks(struct page *page, size_t a, size_t b)
{
    struct place held = page->picks[a];
    page->picks[a] = page->picks[b];
    page->picks[b] = held;
}

static void sift_up(struct page *page, size_t at)
{
    for (; at > 0 && is_before(page, (at - 1) / 2, at); at = (at - 1) / 2)
        swap_picks(page, at, (at - 1) / 2);
}

static void sift_down(struct page *page, size_t count)
{
    for (size_t at = 0;;) {
        size_t last = at, left = 2 * at + 1, right = left + 1;
        if (left < count && is_before(page, last, left))
            last = left;
        if (right < count && is_before(page, last, right))
            last = right;
        if (last == at)
            return;
        swap_picks(page, at, last);
        at = last;
    }
}

static void offer(struct page *page, const struct place *place)
{
    if (page->after.set && compare_places(page, place, &page->after) <= 0)
        return;
    if (page->count < page->limit) {
        page->picks[page->count] = *place;
        sift_up(page, page->count++);
        return;
    }
    page->more = true;
    if (compare_places(page, place, &page->picks[0]) >= 0)
        return;
    page->picks[0] = *place;
    sift_down(page, page->count);
}

static enum err offer_piece(struct page *page, uint32_t number, const uint16_t *values, size_t count)
{
    AUTO(shown_clear) struct shown shown = { 0 };
    bool statement = column_needs_statement(page->sort);
    char what[80];
    snprintf(what, sizeof what, "sorting by %s", column_name(page->sort));
    for (size_t i = 0; i < count; i++) {
        struct place place = { .set = true, .ordinal = number << 16 | values[i] };
        if (statement)
            TRY(selection_spend(page->selection, COST_OF_STATEMENT, what));
        TRY(shown_load(page->s, place.ordinal, statement, &shown));
        place.key_len = shown_key(&shown, page->sort, place.key);
        offer(page, &place);
    }
    return E_OK;
}

static enum err pick_sorted(struct page *page)
{
    AUTO(free_ptr) uint16_t *values = mem_alloc(PIECE_ORDINALS * sizeof *values);
    for (uint32_t number = selection_pieces(page->selection); number-- > 0;) {
        AUTO(piece_free) struct piece *piece = NULL;
        TRY(selection_piece(page->selection, number, &piece));
        size_t count = piece_list(piece, values);
        page->total += count;
        TRY(offer_piece(page, number, values, count));
    }
    /* The heap, taken down from its last. */
    for (size_t left = page->count; left > 1; left--) {
        swap_picks(page, 0, left - 1);
        sift_down(page, left - 1);
    }
    return E_OK;
}

/* ---- showing them */

/* The rows of the page; stops where the answer would get too long. */
static enum err show_rows(struct page *page, const struct columns *columns, json_t *rows)
{
    AUTO(shown_clear) struct shown shown = { 0 };
    size_t bytes = 0;
    for (size_t i = 0; i < page->count; i++) {
        json_t *row = NULL;
        TRY(shown_load(page->s, page->picks[i].ordinal, true, &shown));
        TRY(shown_row(&shown, columns, &row));
        bytes += json_dumpb(row, NULL, 0, JSON_COMPACT) + 1;
        if (i > 0 && bytes > MAX_PAGE_BYTES) {
            json_decref(row);
            page->count = i;
            page->more = true;
            return E_OK;
        }
        json_array_append_new(rows, row);
    }
    return E_OK;
}

static enum err answer_rows(struct snapshot *s, struct selection *selection, const struct view_query *query,
                            json_t *answer)
{
    struct columns columns;
    struct page page = { .s = s, .selection = selection, .limit = page_size(query->limit, USUAL_ROWS) };
    TRY(columns_parse(query->fields, &columns));
    bool sorted = query->sort != NULL && query->sort[0] != '\0';
    if (sorted)
        TRY(column_of_sort(query->sort, &page.sort, &page.descending));
    TRY(read_cursor(query->cursor, sorted ? CURSOR_SORTED : CURSOR_NEWEST, &page.after));

    AUTO(free_ptr) struct place *picks = mem_alloc(page.limit * sizeof *picks);
    page.picks = picks;
    TRY(sorted ? pick_sorted(&page) : pick_newest(&page));
    json_t *rows = json_array();
    json_object_set_new(answer, "total", json_integer((json_int_t)page.total));
    json_object_set_new(answer, "rows", rows);
    TRY(show_rows(&page, &columns, rows));
    if (!page.more || page.count == 0)
        return E_OK;
    AUTO(buf_clear) struct buf cursor = { 0 };
    write_cursor(sorted ? CURSOR_SORTED : CURSOR_NEWEST, &page.picks[page.count - 1], &cursor);
    json_object_set_new(answer, "cursor", json_string(buf_string(&cursor)));
    return E_OK;
}

static enum err answer_groups(struct snapshot *s, struct selection *selection, const struct view_query *query,
                              json_t *answer)
{
    struct place after;
    uint64_t total;
    json_t *all = NULL;
    TRY(read_cursor(query->cursor, CURSOR_GROUPS, &after));
    TRY(groups_count(s, selection, query->group_by, &total, &all));
    json_t *groups = json_array();
    json_object_set_new(answer, "total", json_integer((json_int_t)total));
    json_object_set_new(answer, "groups", groups);
    size_t count = json_array_size(all), bytes = 0, i = after.ordinal;
    size_t end = i + page_size(query->limit, MAX_PAGE_ROWS);
    for (; i < count && i < end && bytes < MAX_PAGE_BYTES; i++) {
        json_t *group = json_array_get(all, i);
        bytes += json_dumpb(group, NULL, 0, JSON_COMPACT) + 1;
        json_array_append(groups, group);
    }
    json_decref(all);
    if (i >= count)
        return E_OK;
    AUTO(buf_clear) struct buf cursor = { 0 };
    write_cursor(CURSOR_GROUPS, &(struct place){ .ordinal = (uint32_t)i }, &cursor);
    json_object_set_new(answer, "cursor", json_string(buf_string(&cursor)));
    return E_OK;
}

static enum err answer(struct view *view, const struct view_query *query, json_t *out)
{
    AUTO(query_free) struct query *parsed = NULL;
    AUTO(snapshot_close) struct snapshot s = { 0 };
    AUTO(selection_free) struct selection *selection = NULL;
    TRY(query_parse(query->text, &parsed));
    TRY(snapshot_open(view, &s));
    TRY(selection_new(&s, parsed, &selection));
    json_object_set_new(out, "log_size", json_integer((json_int_t)s.meta.cursor));
    if (query->group_by != NULL && query->group_by[0] != '\0')
        return answer_groups(&s, selection, query, out);
    return answer_rows(&s, selection, query, out);
}

enum err view_query(struct view *view, const struct view_query *query, json_t **out)
{
    *out = json_object();
    enum err code = answer(view, query, *out);
    if (code == E_OK)
        return E_OK;
    json_decref(*out);
    *out = NULL;
    return code;
}

/* ---- export */

struct exporting {
    struct snapshot *s;
    void (*each)(void *context, const struct view_statement *statement);
    void *context;
    size_t left;
    struct place last;
    bool more;
};

static enum err export_one(struct exporting *x, uint32_t ordinal)
{
    struct standing row;
    struct speaker author;
    if (!standing_read(x->s->txn, ordinal, &row) || !speaker_read(x->s->txn, row.author, &author))
        return fail(E_CORRUPT, "engagement %" PRIu32 " of the view is not there", ordinal);
    struct view_statement statement = { .author = author.id, .seq = row.seq, .position = row.position };
    memcpy(statement.engagement, row.id, sizeof statement.engagement);
    x->each(x->context, &statement);
    x->left--;
    x->last.ordinal = ordinal;
    return E_OK;
}

static enum err export_piece(struct exporting *x, uint32_t number, const struct piece *piece,
                             const struct place *after)
{
    AUTO(free_ptr) uint16_t *values = mem_alloc(PIECE_ORDINALS * sizeof *values);
    size_t count = piece_list(piece, values);
    for (size_t i = 0; i < count && !x->more; i++) {
        uint32_t ordinal = number << 16 | values[i];
        if (after->set && ordinal <= after->ordinal)
            continue;
        x->more = x->left == 0;
        if (!x->more)
            TRY(export_one(x, ordinal));
    }
    return E_OK;
}

enum err view_export(struct view *view, const char *query_text, const char *cursor, size_t limit,
                     void (*each)(void *context, const struct view_statement *statement), void *context,
                     char next_cursor[static VIEW_CURSOR_BYTES], uint64_t *total)
{
    AUTO(query_free) struct query *parsed = NULL;
    AUTO(snapshot_close) struct snapshot s = { 0 };
    AUTO(selection_free) struct selection *selection = NULL;
    AUTO(buf_clear) struct buf next = { 0 };
    struct exporting x = {
        .s = &s, .each = each, .context = context, .left = page_size(limit, MAX_PAGE_ROWS)
    };
    struct place after;
    uint64_t sum = 0;
    enum err code = read_cursor(cursor, CURSOR_EXPORT, &after);
    next_cursor[0] = '\0'; /* only now: a caller may use one text for both */
    TRY(code);
    TRY(query_parse(query_text, &parsed));
    TRY(snapshot_open(view, &s));
    TRY(selection_new(&s, parsed, &selection));
    for (uint32_t number = 0; number < selection_pieces(selection); number++) {
        AUTO(piece_free) struct piece *piece = NULL;
        TRY(selection_piece(selection, number, &piece));
        sum += piece_count(piece);
        if (!x.more && piece != NULL)
            TRY(export_piece(&x, number, piece, &after));
    }
    if (total != NULL)
        *total = sum;
    if (!x.more)
        return E_OK;
    write_cursor(CURSOR_EXPORT, &x.last, &next);
    memcpy(next_cursor, buf_string(&next), next.len + 1);
    return E_OK;
}
