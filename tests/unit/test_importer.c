#include "vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/importer.h"
#include "app/payload.h"
#include "base/file.h"

static char folder[] = "/tmp/chancery-import-XXXXXX";
static char problems[1 << 20];
static size_t n_problems;

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL;
}

static int drop_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static void note(void *context, const struct import_problem *p)
{
    (void)context;
    size_t used = strlen(problems);
    snprintf(problems + used, sizeof problems - used, "%zu %s %s\n", p->line,
             p->refused ? "refused" : "flagged", p->reason);
    n_problems++;
}

static void said(const char *line)
{
    if (strstr(problems, line) == NULL)
        fail_msg("not said: %s\nbut: %s", line, problems);
}

/* Reads a table to its end; how many statements. */
static size_t run(const char *path, const char *format, const char *map, const char *snapshot,
                  struct import_counts *counts, void (*each)(const struct import_statement *))
{
    struct importer *importer;
    struct import_statement statement;
    size_t n = 0;
    problems[0] = 0;
    n_problems = 0;
    if (importer_open(path, format, map, snapshot, &importer) != E_OK)
        fail_msg("%s: %s", path, err_message());
    importer_problems(importer, note, NULL);
    for (; importer_next(importer, &statement) == E_OK; n++)
        if (each != NULL)
            each(&statement);
    *counts = importer_counts(importer);
    assert_int_equal(counts->read, counts->accepted + counts->refused);
    importer_free(&importer);
    assert_null(importer);
    return n;
}

static size_t run_text(const char *text, size_t len, const char *name, const char *format,
                       struct import_counts *counts)
{
    char path[100];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(file_write(path, bytes_of(text, len), 0600), E_OK);
    size_t n = run(path, format, NULL, NULL, counts, NULL);
    unlink(path);
    return n;
}

static size_t office;

static void count_office(const struct import_statement *s)
{
    office += s->geoid[0] == 0;
    const char *verification = json_string_value(json_object_get(s->engagement, "verification"));
    assert_true((s->geoid[0] == 0) ==
                (verification != NULL && strcmp(verification, "third_party_listed") == 0));
}

static void the_real_tables_are_read_whole(void **state)
{
    (void)state;
    static const struct {
        const char *table;
        size_t rows, statements, office;
    } tables[] = {
        { "sister_relations", 3038, 3038, 116 },     { "climate_disclosures", 542, 542, 13 },
        { "foreign_missions_in_us", 260, 260, 260 }, { "curated_facts", 75, 75, 0 },
        { "network_memberships", 1904, 1225, 25 },
    };
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        char path[512];
        struct import_counts counts;
        snprintf(path, sizeof path, "%s/data/%s.tsv", TESTS_DIR, tables[i].table);
        office = 0;
        size_t n = run(path, "tsv", NULL, NULL, &counts, count_office);
        assert_int_equal(counts.read, tables[i].rows);
        if (counts.refused > 0)
            fail_msg("%s: %s", tables[i].table, problems);
        assert_int_equal(n, tables[i].statements);
        assert_int_equal(office, tables[i].office);
    }
}

static size_t ended;

static void count_ended(const struct import_statement *s)
{
    const char *status = json_string_value(json_object_get(s->engagement, "status"));
    ended += strcmp(status, "ended") == 0;
}

static void an_earlier_snapshot_knows_nothing_of_the_later_one(void **state)
{
    (void)state;
    struct import_counts counts;
    ended = 0;
    run(TESTS_DIR "/data/network_memberships.tsv", "tsv", NULL, "2020-09", &counts, count_ended);
    assert_int_equal(counts.read, 1024);
    assert_int_equal(ended, 0);
    run(TESTS_DIR "/data/network_memberships.tsv", "tsv", NULL, "2022-12", &counts, count_ended);
    assert_int_equal(counts.read, 1904);
    assert_true(ended >= 360);
}

static void known_faults_are_flagged_with_their_line(void **state)
{
    (void)state;
    struct import_counts counts;
    run(TESTS_DIR "/data/network_memberships.tsv", "tsv", NULL, NULL, &counts, NULL);
    said("flagged \"San JosA(c), CA\" looks like text in a wrong encoding");
    said("label year \"2018-2019\" is not one year");
    run(TESTS_DIR "/data/sister_relations.tsv", "tsv", NULL, NULL, &counts, NULL);
    said("2 flagged no GEOID: ambiguous_state");
}

#define HEAD "rel_id\tus_geoid\tus_name\tus_state\tpartner_name\tpartner_country\n"

static void bad_rows_are_refused_by_line_and_the_rest_goes_on(void **state)
{
    (void)state;
    static const char text[] = HEAD "a\t3921000\tDayton\tOH\tOiso\tJP\n"
                                    "b\t39x\tDayton\tOH\tOiso\tJP\n"
                                    "c\t3921000\tDayton\tOH\t\tJP\n"
                                    "d\t3921000\tDayton\n"
                                    "e\t3921000\tDayton\tOH\tOiso\tJapan\n"
                                    "f\t3921000\tDay\xff\tOH\tOiso\tJP\n"
                                    "g\t3921000\tDayton\tOH\tAu\0gsburg\tDE\n"
                                    "\n"
                                    "h\t3921000\tDayton\tOH\tAugsburg\tDE\r\n"
                                    "\t3921000\tDayton\tOH\tAugsburg\tDE";
    struct import_counts counts;
    assert_int_equal(run_text(text, sizeof text - 1, "sister_relations.tsv", "tsv", &counts), 2);
    assert_int_equal(counts.read, 9);
    assert_int_equal(counts.refused, 7);
    said("3 refused \"39x\" is not a Census GEOID");
    said("4 refused the column partner_name is empty");
    said("5 refused 3 columns, the header has 6");
    said("6 refused partners[0].country: expected two capital letters");
    said("7 refused broken UTF-8");
    said("8 refused broken UTF-8 or a NUL byte");
    said("11 refused the column rel_id is empty");
}

static void csv_may_quote_commas_and_line_breaks(void **state)
{
    (void)state;
    static const char text[] = "\xef\xbb\xbfrel_id,us_geoid,us_name,us_state,partner_name,partner_country\r\n"
                               "a,3921000,\"Dayton, the \"\"Gem\"\"\",OH,\"Oi\nso\",JP\r\n"
                               "b,3921000,Dayton,OH,Oiso,Japan\r\n";
    struct import_counts counts;
    assert_int_equal(run_text(text, sizeof text - 1, "sister_relations.csv", "csv", &counts), 1);
    said("4 refused partners[0].country");
}

static void a_table_without_its_columns_or_without_a_map_is_refused_whole(void **state)
{
    (void)state;
    char path[100];
    struct importer *importer;
    snprintf(path, sizeof path, "%s/sister_relations.tsv", folder);
    assert_int_equal(file_write(path, bytes_text("rel_id\tus_geoid\n"), 0600), E_OK);
    assert_int_equal(importer_open(path, "tsv", NULL, NULL, &importer), E_USAGE);
    assert_non_null(strstr(err_message(), "no column \"us_name\""));
    assert_int_equal(file_write(path, bytes_text(""), 0600), E_OK);
    assert_int_equal(importer_open(path, "tsv", NULL, NULL, &importer), E_USAGE);
    assert_int_equal(file_write(path, bytes_text("a\ta\n"), 0600), E_OK);
    assert_int_equal(importer_open(path, "tsv", NULL, NULL, &importer), E_USAGE);
    unlink(path);
    snprintf(path, sizeof path, "%s/visits.tsv", folder);
    assert_int_equal(importer_open(path, "tsv", NULL, NULL, &importer), E_NOT_FOUND);
    assert_int_equal(importer_open(path, "xml", NULL, NULL, &importer), E_USAGE);
}

static void is_the_homes_own(const struct import_statement *s)
{
    assert_string_equal(s->geoid, "");
    assert_null(json_object_get(s->engagement, "standing"));
}

static void a_citys_own_map_says_which_column_goes_where(void **state)
{
    (void)state;
    char path[100], map[100];
    struct import_counts counts;
    snprintf(path, sizeof path, "%s/visits.csv", folder);
    snprintf(map, sizeof map, "%s/visits.json", folder);
    assert_int_equal(file_write(path, bytes_text("No,When,Guests\n1,2024-05,Sapporo\n2,May,Oiso\n"), 0600),
                     E_OK);
    assert_int_equal(
        file_write(
            map,
            bytes_text(
                "{\"table\":\"visits\",\"key\":\"{No}\",\"engagement\":{\"kind\":\"delegation_inbound\","
                "\"title\":\"Visit from {Guests}\",\"start\":{\"from\":\"{When}\",\"as\":\"date\"}}}"),
            0600),
        E_OK);
    assert_int_equal(run(path, "csv", map, NULL, &counts, is_the_homes_own), 1);
    said("3 refused start: \"May\" is not a date");
    assert_int_equal(file_write(map, bytes_text("{\n\"key\": ,\n"), 0600), E_OK);
    struct importer *importer;
    assert_int_equal(importer_open(path, "csv", map, NULL, &importer), E_USAGE);
    assert_non_null(strstr(err_message(), "visits.json:2"));
    unlink(path);
    unlink(map);
}

static void lines_of_json_are_engagements_as_they_stand(void **state)
{
    (void)state;
    static const char text[] =
        "{\"key\":\"1\",\"kind\":\"agreement\",\"title\":\"MoU\"}\n\n{\"key\":\"2\",\"kind\":\"treaty\"}\n"
        "{\"kind\":\"agreement\"}\nnonsense\n";
    struct import_counts counts;
    assert_int_equal(run_text(text, sizeof text - 1, "mine.jsonl", "jsonl", &counts), 1);
    said("3 refused kind: \"treaty\"");
    said("4 refused the member \"key\" is missing");
    said("5 refused not a JSON object");
}

static void a_line_of_blanks_is_no_row_wherever_the_file_ends(void **state)
{
    (void)state;
    char text[300];
    struct import_counts counts;
    memset(text, ' ', sizeof text);
    for (size_t len = 1; len < sizeof text; len++) {
        assert_int_equal(run_text(text, len, "mine.jsonl", "jsonl", &counts), 0);
        assert_int_equal(counts.read, 0);
    }
}

static void a_nonce_stays_the_same_for_the_same_row(void **state)
{
    (void)state;
    uint8_t author[32] = { 1 }, other[32] = { 2 }, a[16], b[16];
    import_nonce(author, "t", "k", a);
    import_nonce(author, "t", "k", b);
    assert_memory_equal(a, b, 16);
    import_nonce(other, "t", "k", b);
    assert_memory_not_equal(a, b, 16);
    import_nonce(author, "tk", "", b);
    assert_memory_not_equal(a, b, 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_real_tables_are_read_whole),
        cmocka_unit_test(an_earlier_snapshot_knows_nothing_of_the_later_one),
        cmocka_unit_test(known_faults_are_flagged_with_their_line),
        cmocka_unit_test(bad_rows_are_refused_by_line_and_the_rest_goes_on),
        cmocka_unit_test(csv_may_quote_commas_and_line_breaks),
        cmocka_unit_test(a_table_without_its_columns_or_without_a_map_is_refused_whole),
        cmocka_unit_test(a_citys_own_map_says_which_column_goes_where),
        cmocka_unit_test(lines_of_json_are_engagements_as_they_stand),
        cmocka_unit_test(a_line_of_blanks_is_no_row_wherever_the_file_ends),
        cmocka_unit_test(a_nonce_stays_the_same_for_the_same_row),
    };
    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
