#include "scratch.h"
#include "store/disk.h"

/* behind our headers: its fail() is a macro */
#include <cmocka.h>

static void file_systems_without_sound_locks_are_refused_by_name(void **state)
{
    (void)state;
    assert_string_equal(disk_refused_type(0x6969), "NFS");
    assert_string_equal(disk_refused_type(0xFF534D42), "CIFS");
    assert_string_equal(disk_refused_type(0x01021997), "9p");
    assert_string_equal(disk_refused_type(0x65735546), "FUSE");
    assert_null(disk_refused_type(0xEF53));     /* ext4 */
    assert_null(disk_refused_type(0x01021994)); /* tmpfs */
}

static void a_local_folder_is_fine_and_a_missing_one_is_not_found(void **state)
{
    (void)state;
    char missing[160];
    snprintf(missing, sizeof missing, "%s/none", scratch);
    assert_int_equal(disk_check(scratch), E_OK);
    assert_int_equal(disk_check(missing), E_NOT_FOUND);
    assert_int_equal(disk_free_bytes(missing), 0);
    assert_true(disk_free_bytes(scratch) > 0);
}

static void a_disk_is_full_when_nothing_more_goes_onto_it(void **state)
{
    (void)state;
    assert_false(disk_is_full(scratch));
    if (!scratch_mount(1 << 20, 0))
        skip();
    assert_false(disk_is_full(scratch));
    char path[160] = "";
    snprintf(path, sizeof path, "%s/fill", scratch);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    setvbuf(file, NULL, _IONBF, 0);
    while (fputc('x', file) != EOF && ftell(file) < (2 << 20))
        fwrite(path, 1, sizeof path, file);
    fclose(file);
    assert_true(disk_is_full(scratch));
    assert_int_equal(unlink(path), 0);
    assert_false(disk_is_full(scratch));
    scratch_unmount();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(file_systems_without_sound_locks_are_refused_by_name),
        cmocka_unit_test_setup_teardown(a_local_folder_is_fine_and_a_missing_one_is_not_found, scratch_make,
                                        scratch_drop),
        cmocka_unit_test_setup_teardown(a_disk_is_full_when_nothing_more_goes_onto_it, scratch_make,
                                        scratch_drop),
    };
    return cmocka_run_group_tests_name("disk", tests, NULL, NULL);
}
