/* The algebra over postings against a plain filter over what was said, across pieces of ordinals. */
#include "hubd/view/selection.h"

#include "base/text.h"
#include "view_log.h"

/* behind our headers: its fail() is a macro */
#include <cmocka.h>

#define COUNT 68000U /* into a second piece */
#define QUERIES 150

static struct view_log record_log;
static struct voice dayton, tampa;
static struct view *view;

/* What engagement i says now. */
struct fact {
    bool gone;
    uint8_t kind, status, country, word[3], author;
    uint32_t start, end;
};
static struct fact facts[COUNT];

static const char *const countries[] = { "", "JP", "FR", "DE", "MX" };
static const char *const words[] = { "harbour", "sister", "city", "garden", "port", "festival", "school" };

static struct fact random_fact(void)
{
    struct fact fact = { .kind = (uint8_t)(rand() % 6),
                         .status = (uint8_t)(rand() % 4),
                         .country = (uint8_t)(rand() % 5) };
    for (size_t i = 0; i < 3; i++)
        fact.word[i] = (uint8_t)(rand() % 7);
    fact.author = (uint8_t)(rand() % 2);
    if (rand() % 5 != 0)
        fact.start = (uint32_t)(1985 + rand() % 40) * 10000 +
                     (uint32_t)(rand() % 3) * (100 * (uint32_t)(1 + rand() % 6));
    if (fact.start != 0 && rand() % 3 == 0)
        fact.end = (fact.start / 10000 + (uint32_t)(rand() % 4)) * 10000;
    return fact;
}

static void say(uint32_t number, const struct fact *fact)
{
    AUTO(buf_clear) struct buf payload = { 0 };
    char title[64];
    snprintf(title, sizeof title, "%s %s %s", words[fact->word[0]], words[fact->word[1]],
             words[fact->word[2]]);
    struct said said = { .nonce = number + 1,
                         .kind = fact->kind,
                         .status = fact->status,
                         .title = title,
                         .start = fact->start,
                         .end = fact->end };
    if (fact->country != 0)
        said.countries = countries[fact->country];
    said_write(&said, &payload);
    log_put_unsigned(&record_log, fact->author != 0 ? &tampa : &dayton, TYPE_ENGAGEMENT, buf_view(&payload));
}

static void withdraw(uint32_t number, const struct fact *fact)
{
    AUTO(buf_clear) struct buf old = { 0 }, payload = { 0 };
    said_write(&(struct said){ .nonce = number + 1 }, &old);
    log_or_die(retraction_write(buf_view(&old), 1, "", &payload));
    log_put_unsigned(&record_log, fact->author != 0 ? &tampa : &dayton, TYPE_RETRACTION, buf_view(&payload));
}

static void catch_up(void)
{
    bool more = true;
    log_commit(&record_log);
    while (more)
        assert_int_equal(view_advance(view, 5000, &more), E_OK);
}

static int setup(void **state)
{
    char folder[160];
    srand(42);
    if (id_init() != E_OK || scratch_make(state) != 0)
        return -1;
    snprintf(folder, sizeof folder, "%s/view", scratch);
    log_open(&record_log);
    log_join(&record_log, &dayton, "us-oh-dayton", "3921000", 2);
    log_join(&record_log, &tampa, "us-fl-tampa", "1271000", 3);
    for (uint32_t i = 0; i < COUNT; i++) {
        facts[i] = random_fact();
        say(i, &facts[i]);
    }
    log_commit(&record_log);
    assert_int_equal(view_open(folder, 1ULL << 32, record_log.store, &view), E_OK);
    catch_up();
    /* A tenth is amended, some of it taken back. */
    for (uint32_t i = 0; i < COUNT / 10; i++) {
        uint32_t number = (uint32_t)rand() % COUNT;
        uint8_t author = facts[number].author;
        facts[number] = random_fact();
        facts[number].author = author;
        facts[number].gone = rand() % 4 == 0;
        if (facts[number].gone)
            withdraw(number, &facts[number]);
        else
            say(number, &facts[number]);
    }
    catch_up();
    return 0;
}

static int teardown(void **state)
{
    view_close(&view);
    log_close(&record_log);
    return scratch_drop(state);
}

/* ---- questions, in words and as a filter */

struct clause_made {
    bool negated;
    int form;
    uint32_t a, b;
};

static uint32_t unit_of(uint32_t x, uint32_t y)
{
    if (x % 10000 == 0 || y % 10000 == 0)
        return 10000;
    return x % 100 == 0 || y % 100 == 0 ? 100 : 1;
}

static bool holds_plain(const struct clause_made *c, const struct fact *f)
{
    switch (c->form) {
    case 0:
        return f->kind == c->a || f->kind == c->b;
    case 1:
        return f->status == c->a;
    case 2:
        return f->country == c->a || f->country == c->b;
    case 3:
        return f->word[0] == c->a || f->word[1] == c->a || f->word[2] == c->a;
    case 4:
        return (f->word[0] == c->a && f->word[1] == c->b) || (f->word[1] == c->a && f->word[2] == c->b);
    case 5:
        return f->start != 0 && f->start / unit_of(f->start, c->a) >= c->a / unit_of(f->start, c->a);
    case 6:
        return f->start != 0 && f->start / unit_of(f->start, c->a) <= c->a / unit_of(f->start, c->a);
    case 7:
        return f->author == c->a;
    default: {
        uint32_t first = f->start / 10000, last = f->end != 0 ? f->end / 10000 : first;
        return f->start != 0 && first <= c->a && c->a <= last;
    }
    }
}

static uint32_t random_date(void)
{
    uint32_t date = (uint32_t)(1984 + rand() % 42) * 10000;
    if (rand() % 2 != 0)
        date += (uint32_t)(1 + rand() % 12) * 100;
    return date;
}

static const char *date_word(uint32_t date)
{
    static char text[11];
    date_format(date, text);
    return text;
}

static const char *or_none(const char *word)
{
    return word[0] != '\0' ? word : "none";
}

static struct clause_made make_clause(struct buf *text)
{
    struct clause_made c = { .negated = rand() % 4 == 0, .form = rand() % 9 };
    static const char *const authors[] = { "us-oh-dayton", "us-fl-tampa" };
    buf_text(text, c.negated ? " -" : " ");
    switch (c.form) {
    case 0:
        c.a = (uint32_t)rand() % 6;
        c.b = (uint32_t)rand() % 6;
        buf_printf(text, "kind:%u,%u", c.a, c.b);
        break;
    case 1:
        c.a = (uint32_t)rand() % 4;
        buf_printf(text, "status:%u", c.a);
        break;
    case 2:
        c.a = (uint32_t)rand() % 5;
        c.b = (uint32_t)rand() % 5;
        buf_printf(text, "country:%s,%s", or_none(countries[c.a]), or_none(countries[c.b]));
        break;
    case 3:
        c.a = (uint32_t)rand() % 7;
        buf_text(text, words[c.a]);
        break;
    case 4:
        c.a = (uint32_t)rand() % 7;
        c.b = (uint32_t)rand() % 7;
        buf_printf(text, "\"%s %s\"", words[c.a], words[c.b]);
        break;
    case 5:
    case 6:
        c.a = random_date();
        buf_printf(text, "%s:%s", c.form == 5 ? "since" : "until", date_word(c.a));
        break;
    case 7:
        c.a = (uint32_t)rand() % 2;
        buf_printf(text, "by:%s", authors[c.a]);
        break;
    default:
        c.a = 1983 + (uint32_t)rand() % 45;
        buf_printf(text, "year:%u", c.a);
    }
    return c;
}

struct sums {
    uint64_t count, ids;
};

static void add_id(void *context, const struct view_statement *statement)
{
    struct sums *sums = context;
    sums->count++;
    sums->ids += get_u64(statement->engagement);
}

static struct sums ask(const char *text)
{
    struct sums sums = { 0 };
    char cursor[VIEW_CURSOR_BYTES] = "";
    uint64_t total;
    do {
        if (view_export(view, text, cursor, 0, add_id, &sums, cursor, &total) != E_OK)
            fail_msg("%s: %s", text, err_message());
    } while (cursor[0] != '\0');
    assert_int_equal(total, sums.count);
    return sums;
}

static uint64_t id_of(uint32_t number)
{
    static uint64_t held[COUNT];
    uint8_t id[16];
    if (held[number] == 0) {
        said_id(facts[number].author != 0 ? &tampa : &dayton, number + 1, id);
        held[number] = get_u64(id);
    }
    return held[number];
}

static struct sums filter(const struct clause_made *clauses, size_t count)
{
    struct sums sums = { 0 };
    for (uint32_t i = 0; i < COUNT; i++) {
        bool fits = !facts[i].gone;
        for (size_t k = 0; k < count && fits; k++)
            fits = holds_plain(&clauses[k], &facts[i]) != clauses[k].negated;
        sums.count += fits;
        sums.ids += fits ? id_of(i) : 0;
    }
    return sums;
}

static void the_algebra_finds_what_a_plain_filter_finds(void **state)
{
    (void)state;
    for (int round = 0; round < QUERIES; round++) {
        AUTO(buf_clear) struct buf text = { 0 };
        struct clause_made clauses[4];
        size_t count = (size_t)(rand() % 5);
        for (size_t i = 0; i < count; i++)
            clauses[i] = make_clause(&text);
        struct sums found = ask(buf_string(&text)), wanted = filter(clauses, count);
        if (found.count != wanted.count || found.ids != wanted.ids)
            fail_msg("%s: %llu, not %llu", buf_string(&text), (unsigned long long)found.count,
                     (unsigned long long)wanted.count);
    }
}

static void a_look_into_too_many_is_refused_and_says_so(void **state)
{
    (void)state;
    struct view_query wide = {
        .text = "\"sister city\",\"city port\",\"port school\",\"school garden\" "
                "\"harbour city\",\"city city\",\"garden city\",\"festival city\",\"sister city\" "
    };
    json_t *answer;
    struct view_query sorted = { .sort = "title" };
    assert_int_equal(view_query(view, &sorted, &answer), E_OK);
    json_decref(answer);
    assert_int_equal(view_query(view, &wide, &answer), E_OK);
    json_decref(answer);

    AUTO(selection_free) struct selection *selection = NULL;
    AUTO(query_free) struct query *query = NULL;
    AUTO(snapshot_close) struct snapshot s = { 0 };
    assert_int_equal(query_parse("", &query), E_OK);
    assert_int_equal(snapshot_open(view, &s), E_OK);
    assert_int_equal(selection_new(&s, query, &selection), E_OK);
    assert_int_equal(selection_spend(selection, LOOK_BUDGET, "a test"), E_OK);
    assert_int_equal(selection_spend(selection, COST_OF_STATEMENT, "a test"), E_TOO_BIG);
    assert_non_null(strstr(err_message(), "a test would have to look into more than 200000"));
}

static void groups_agree_with_the_filter(void **state)
{
    (void)state;
    static long long wanted[6][5];
    for (uint32_t i = 0; i < COUNT; i++)
        if (!facts[i].gone)
            wanted[facts[i].kind][facts[i].country]++;
    json_t *answer, *group, *inner;
    struct view_query query = { .group_by = "kind,country" };
    assert_int_equal(view_query(view, &query, &answer), E_OK);
    size_t i, k, seen = 0;
    json_array_foreach(json_object_get(answer, "groups"), i, group)
    {
        int kind = 0;
        statement_value(statement_enum("Kind"), json_string_value(json_object_get(group, "kind")), &kind);
        json_array_foreach(json_object_get(group, "groups"), k, inner)
        {
            const char *country = json_string_value(json_object_get(inner, "country"));
            size_t c = 0;
            while (c < 4 && strcmp(countries[c + 1], country) != 0)
                c++;
            c = c == 4 ? 0 : c + 1;
            assert_int_equal(json_integer_value(json_object_get(inner, "count")), wanted[kind][c]);
            seen++;
        }
    }
    assert_int_equal(seen, 30);
    json_decref(answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_algebra_finds_what_a_plain_filter_finds),
        cmocka_unit_test(a_look_into_too_many_is_refused_and_says_so),
        cmocka_unit_test(groups_agree_with_the_filter),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
