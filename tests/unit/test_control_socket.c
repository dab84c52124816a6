#include <czmq.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/control.h"
#include "base/clock.h"

/* behind our headers: its fail() is a macro */
#include <cmocka.h>

static char folder[] = "/tmp/chancery-control-XXXXXX";
static char path[64];

static enum err echo(void *context, const struct control_request *request, struct control_answer *answer)
{
    (*(int *)context)++;
    answer->body = json_pack("{s:s}", "said", control_param(request, "say"));
    return E_OK;
}

static enum err refuse(void *context, const struct control_request *request, struct control_answer *answer)
{
    (void)context;
    (void)request;
    strcpy(answer->hint, "ask again tomorrow");
    return (fail)(E_DENIED, "not today");
}

static const struct control_command commands[] = { { "echo", echo }, { "refuse", refuse }, { NULL, NULL } };

static int make_folder(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "%s/control.sock", mkdtemp(folder));
    return 0;
}

static int drop_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static enum err ask(struct control_client *client, const char *command, const char *say,
                    struct control_answer *answer)
{
    AUTO(control_request_clear) struct control_request request = { .params = json_pack("{s:s}", "say", say) };
    snprintf(request.command, sizeof request.command, "%s", command);
    return control_call(client, &request, answer);
}

static void questions_are_answered_and_refusals_come_with_their_hint(void **state)
{
    (void)state;
    int calls = 0;
    struct control_server *server;
    struct control_client *client;
    assert_int_equal(control_serve(path, commands, &calls, &server), E_OK);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(control_connect(path, 5000, &client), E_OK);
    uint64_t beats = control_beats(server);
    for (int i = 0; i < 3; i++) {
        AUTO(control_answer_clear) struct control_answer answer = { 0 };
        assert_int_equal(ask(client, "echo", "hello", &answer), E_OK);
        assert_int_equal(answer.code, E_OK);
        assert_string_equal(json_string_value(json_object_get(answer.body, "said")), "hello");
    }
    AUTO(control_answer_clear) struct control_answer no = { 0 }, unknown = { 0 };
    assert_int_equal(ask(client, "refuse", "", &no), E_OK);
    assert_int_equal(no.code, E_DENIED);
    assert_string_equal(no.message, "not today");
    assert_string_equal(no.hint, "ask again tomorrow");
    assert_int_equal(ask(client, "dance", "", &unknown), E_OK);
    assert_int_equal(unknown.code, E_USAGE);
    assert_int_equal(calls, 3);
    assert_true(control_beats(server) >= beats + 5); /* its thread moved */
    control_disconnect(&client);
    control_stop(&server);
    assert_null(server);
}

static void without_a_daemon_the_answer_is_unreachable_at_once(void **state)
{
    (void)state;
    struct control_client *client = NULL;
    assert_int_equal(control_connect("/tmp/no-such-folder/control.sock", 5000, &client), E_UNREACHABLE);
    assert_null(client);
}

static void a_daemon_that_went_away_is_noticed(void **state)
{
    (void)state;
    int calls = 0;
    struct control_server *server;
    struct control_client *client;
    assert_int_equal(control_serve(path, commands, &calls, &server), E_OK);
    assert_int_equal(control_connect(path, 30000, &client), E_OK);
    control_stop(&server);
    AUTO(control_answer_clear) struct control_answer answer = { 0 };
    assert_int_equal(ask(client, "echo", "hello", &answer), E_UNREACHABLE);
    control_disconnect(&client);
}

/* What was asked is carried out in some order: it is written down. The first waits until it may go on. */
struct noted {
    sem_t begun, gate;
    char order[200];
};

static enum err note(void *context, const struct control_request *request, struct control_answer *answer)
{
    struct noted *noted = context;
    const char *say = control_param(request, "say");
    if (strcmp(say, "first") == 0) {
        sem_post(&noted->begun);
        while (sem_wait(&noted->gate) != 0) {
        }
    }
    strcat(strcat(noted->order, say), " ");
    answer->body = json_object();
    return E_OK;
}

static const struct control_command noting[] = {
    { "export", note }, { "status", note }, { "doctor", note }, { NULL, NULL }
};

static void put(void *socket, const char *command, const char *say)
{
    AUTO(control_request_clear) struct control_request request = { .params = json_pack("{s:s}", "say", say) };
    AUTO(buf_clear) struct buf frame = { 0 };
    snprintf(request.command, sizeof request.command, "%s", command);
    control_encode_request(&request, &frame);
    assert_true(zmq_send(socket, frame.data, frame.len, 0) > 0);
}

static void ask_all(void *socket, struct noted *noted)
{
    noted->order[0] = 0;
    put(socket, "export", "first");
    while (sem_wait(&noted->begun) != 0) {
    }
    put(socket, "export", "second");
    put(socket, "export", "third");
    put(socket, "status", "status");
    put(socket, "doctor", "doctor");
    zmq_poll(NULL, 0, 20);
    sem_post(&noted->gate);
    for (int i = 0; i < 5; i++) {
        char answer[500];
        assert_true(zmq_recv(socket, answer, sizeof answer, 0) > 0);
    }
}

static void how_it_goes_is_answered_before_long_work_that_waits(void **state)
{
    (void)state;
    struct control_server *server;
    char endpoint[80];
    struct noted noted = { .order = "" };
    sem_init(&noted.begun, 0, 0);
    sem_init(&noted.gate, 0, 0);
    assert_int_equal(control_serve(path, noting, &noted, &server), E_OK);
    void *socket = zmq_socket(zsys_init(), ZMQ_DEALER);
    snprintf(endpoint, sizeof endpoint, "ipc://%s", path);
    assert_int_equal(zmq_connect(socket, endpoint), 0);
    /* On a slow machine some may come when the first is through already: then once more. */
    for (int i = 0; i < 200 && strcmp(noted.order, "first status doctor second third ") != 0; i++)
        ask_all(socket, &noted);
    assert_string_equal(noted.order, "first status doctor second third ");
    zmq_close(socket);
    control_stop(&server);
    sem_destroy(&noted.begun);
    sem_destroy(&noted.gate);
}

/* ---- the end */

#define IN_FLIGHT 64
#define GIVE_UP_MS 30000

/* Slower than its askers. */
static enum err ponder(void *context, const struct control_request *request, struct control_answer *answer)
{
    zmq_poll(NULL, 0, 1);
    return echo(context, request, answer);
}

static const struct control_command slow[] = { { "echo", ponder }, { NULL, NULL } };

/* Asks without a pause, so that some request always waits, until it is told to leave off; a server that
 * cannot stop meanwhile is let go in the end. */
struct asker {
    pthread_t thread;
    char endpoint[80];
    _Atomic unsigned answers;
    atomic_bool leave_off, gave_up;
};

static void *ask_without_pause(void *context)
{
    struct asker *asker = context;
    uint64_t until_ms = clock_mono_ms() + GIVE_UP_MS;
    void *socket = zmq_socket(zsys_init(), ZMQ_DEALER);
    int linger = 0;
    zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger);
    assert_int_equal(zmq_connect(socket, asker->endpoint), 0);
    for (int i = 0; i < IN_FLIGHT; i++)
        put(socket, "echo", "more");
    while (!atomic_load(&asker->leave_off) && !atomic_load(&asker->gave_up)) {
        char answer[500];
        zmq_pollitem_t item = { socket, 0, ZMQ_POLLIN, 0 };
        atomic_store(&asker->gave_up, clock_mono_ms() > until_ms);
        if (zmq_poll(&item, 1, 50) <= 0 || zmq_recv(socket, answer, sizeof answer, ZMQ_DONTWAIT) < 0)
            continue;
        atomic_fetch_add(&asker->answers, 1);
        put(socket, "echo", "more");
    }
    zmq_close(socket);
    return NULL;
}

static void those_who_ask_without_a_pause_do_not_keep_it_from_stopping(void **state)
{
    (void)state;
    int calls = 0;
    struct control_server *server;
    struct asker asker = { .answers = 0 };
    snprintf(asker.endpoint, sizeof asker.endpoint, "ipc://%s", path);
    assert_int_equal(control_serve(path, slow, &calls, &server), E_OK);
    assert_int_equal(pthread_create(&asker.thread, NULL, ask_without_pause, &asker), 0);
    while (atomic_load(&asker.answers) < IN_FLIGHT && !atomic_load(&asker.gave_up))
        zmq_poll(NULL, 0, 1);
    control_stop(&server);
    bool gave_up = atomic_load(&asker.gave_up);
    atomic_store(&asker.leave_off, true);
    pthread_join(asker.thread, NULL);
    assert_false(gave_up);
    assert_true(atomic_load(&asker.answers) >= IN_FLIGHT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(questions_are_answered_and_refusals_come_with_their_hint),
        cmocka_unit_test(without_a_daemon_the_answer_is_unreachable_at_once),
        cmocka_unit_test(a_daemon_that_went_away_is_noticed),
        cmocka_unit_test(how_it_goes_is_answered_before_long_work_that_waits),
        cmocka_unit_test(those_who_ask_without_a_pause_do_not_keep_it_from_stopping),
    };
    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
