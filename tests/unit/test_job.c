#include "hubd/job.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct job *of_bytes(size_t bytes)
{
    struct job *job = job_new(JOB_RUN);
    buf_reserve(&job->frame, bytes);
    return job;
}

static void a_list_gives_back_the_oldest_first(void **state)
{
    (void)state;
    struct jobs jobs = { 0 };
    struct job *a = job_new(JOB_RUN), *b = job_new(JOB_FETCH), *c = job_new(JOB_ENROL);
    jobs_put(&jobs, a);
    jobs_put(&jobs, b);
    jobs_put(&jobs, c);
    assert_int_equal(jobs.count, 3);
    assert_ptr_equal(jobs_take(&jobs), a);
    assert_ptr_equal(jobs_take(&jobs), b);
    assert_ptr_equal(jobs_take(&jobs), c);
    assert_null(jobs_take(&jobs));
    assert_int_equal(jobs.count, 0);
    job_free(a);
    job_free(b);
    job_free(c);
}

static void what_is_put_back_comes_first(void **state)
{
    (void)state;
    struct jobs jobs = { 0 };
    struct job *a = job_new(JOB_RUN), *b = job_new(JOB_RUN), *c = job_new(JOB_RUN);
    jobs_put(&jobs, a);
    jobs_put(&jobs, b);
    jobs_put_back(&jobs, jobs_take(&jobs));
    assert_ptr_equal(jobs_take(&jobs), a);
    assert_ptr_equal(jobs_take(&jobs), b);
    jobs_put_back(&jobs, b); /* into an empty list: it is the last, too */
    jobs_put(&jobs, c);
    assert_ptr_equal(jobs_take(&jobs), b);
    assert_ptr_equal(jobs_take(&jobs), c);
    assert_null(jobs_take(&jobs));
    job_free(a);
    job_free(b);
    job_free(c);
}

static void a_list_knows_how_much_memory_it_holds(void **state)
{
    (void)state;
    struct jobs jobs = { 0 };
    struct job *small = of_bytes(100), *large = of_bytes(100000);
    jobs_put(&jobs, small);
    assert_int_equal(jobs.bytes, job_bytes(small));
    jobs_put_back(&jobs, large);
    assert_int_equal(jobs.bytes, job_bytes(small) + job_bytes(large));
    assert_ptr_equal(jobs_take(&jobs), large);
    assert_int_equal(jobs.bytes, job_bytes(small));
    assert_ptr_equal(jobs_take(&jobs), small);
    assert_int_equal(jobs.bytes, 0);
    job_free(small);
    job_free(large);
}

static void a_job_counts_for_what_it_holds(void **state)
{
    (void)state;
    struct job *job = job_new(JOB_FETCH);
    size_t empty = job_bytes(job);
    assert_true(empty >= sizeof *job);
    buf_reserve(&job->frame, 5000);
    assert_true(job_bytes(job) >= empty + 5000);
    size_t framed = job_bytes(job);
    buf_reserve(&job->out, 7000);
    assert_true(job_bytes(job) >= framed + 7000);
    size_t answered = job_bytes(job);
    job->records = bytes_of(job->frame.data, 300); /* what verifying will make of them */
    assert_int_equal(job_bytes(job), answered + 300);
    job_free(job);
}

static void a_refusal_says_where_why_and_for_how_long(void **state)
{
    (void)state;
    struct job *job = job_new(JOB_RUN);
    assert_false(job->refused);
    (fail)(E_GAP, "records are missing before %d", 7);
    job_refuse(job, 7, E_GAP, false);
    assert_true(job->refused);
    assert_int_equal(job->refused_seq, 7);
    assert_int_equal(job->code, E_GAP);
    assert_false(job->final);
    assert_string_equal(job->text, "records are missing before 7");
    job_refuse(job, 3, E_FORK, true); /* the latest holds */
    assert_int_equal(job->refused_seq, 3);
    assert_int_equal(job->code, E_FORK);
    assert_true(job->final);
    job_free(job);
}

static void a_long_reason_is_cut(void **state)
{
    (void)state;
    struct job *job = job_new(JOB_RUN);
    char text[400];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    (fail)(E_MALFORMED, "%s", text);
    job_refuse(job, 0, E_MALFORMED, true);
    assert_int_equal(strlen(job->text), sizeof job->text - 1);
    job_free(job);
}

/* Under the address sanitizer: all of it is let go, and nothing twice. */
static void a_job_frees_what_it_owns(void **state)
{
    (void)state;
    struct job *job = job_new(JOB_ENROL);
    buf_text(&job->frame, "frame");
    buf_text(&job->out, "out");
    job->parsed = mem_alloc(sizeof *job->parsed);
    job->inception = mem_alloc(sizeof *job->inception);
    struct sync_mark mark = { .author = { { 1 } } };
    struct sync_message message = { .type = SYNC_FRONTIER };
    message.frontier.marks = &mark;
    message.frontier.count = 1;
    wire_encode(&message, 1, &job->frame);
    assert_int_equal(wire_decode(bytes_of(job->frame.data + 5, job->frame.len - 5), &job->wire), E_OK);
    job_drop(job);
    job_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_gives_back_the_oldest_first),
        cmocka_unit_test(what_is_put_back_comes_first),
        cmocka_unit_test(a_list_knows_how_much_memory_it_holds),
        cmocka_unit_test(a_job_counts_for_what_it_holds),
        cmocka_unit_test(a_refusal_says_where_why_and_for_how_long),
        cmocka_unit_test(a_long_reason_is_cut),
        cmocka_unit_test(a_job_frees_what_it_owns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
