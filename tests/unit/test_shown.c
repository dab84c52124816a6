#include "hubd/view/shown.h"

#include "view_bench.h"

static void a_row_shows_what_was_said(void **state)
{
    (void)state;
    struct said said = oiso();
    said.dataset = "table";
    log_say(&record_log, &dayton, said);
    catch_up(1000);
    json_t *answer = ask((struct view_query){ .fields = "all" });
    json_t *row = json_array_get(json_object_get(answer, "rows"), 0);
    json_t *wanted = json_pack(
        "{s[s] s[s] ss ss sn ss ss ss s[ss] si si s[] s[{ss ss}] si sn ss}", "partners", "Oiso", "countries",
        "JP", "state", "US-OH", "start", "1968", "end", "kind", "sister_relation", "status", "active", "by",
        "us-oh-dayton", "themes", "culture-arts", "education-youth", "seq", 1, "position", 8, "flags", "us",
        "geoid", "3921000", "name", "Dayton", "year", 1968, "url", "verification", "self_reported");
    const char *key;
    json_t *value;
    json_object_foreach(wanted, key, value)
    {
        if (!json_equal(json_object_get(row, key), value))
            fail_msg("%s is %s", key, json_dumps(json_object_get(row, key), JSON_ENCODE_ANY));
    }
    const char *ref = json_string_value(json_object_get(row, "ref"));
    assert_int_equal(strlen(ref), strlen("us-oh-dayton/1@01234567"));
    assert_memory_equal(ref, "us-oh-dayton/1@", 15);
    const char *id = json_string_value(json_object_get(row, "id"));
    assert_int_equal(strlen(id), 26);
    char question[40];
    snprintf(question, sizeof question, "id:%.8s", id);
    assert_int_equal(total(question), 1);
    json_decref(wanted);
    json_decref(answer);
}

static void the_usual_fields_come_in_their_order(void **state)
{
    (void)state;
    log_say(&record_log, &dayton, oiso());
    catch_up(1000);
    json_t *answer = ask((struct view_query){ 0 });
    char names[256] = "";
    const char *key;
    json_t *value;
    json_object_foreach(json_array_get(json_object_get(answer, "rows"), 0), key, value)
    {
        strcat(strcat(names, key), " ");
    }
    assert_string_equal(names, "id kind title partners countries state start end status by ref ");
    json_decref(answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(a_row_shows_what_was_said),
        FACT(the_usual_fields_come_in_their_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
