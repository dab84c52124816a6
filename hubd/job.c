#include "hubd/job.h"

#include <stdio.h>
#include <stdlib.h>

struct job *job_new(enum job_kind kind)
{
    struct job *job = mem_alloc(sizeof *job);
    job->kind = kind;
    return job;
}

void job_free(struct job *job)
{
    if (job == NULL)
        return;
    free(job->parsed);
    buf_clear(&job->held);
    free(job->inception);
    wire_clear(&job->wire);
    buf_clear(&job->frame);
    buf_clear(&job->out);
    free(job);
}

void job_drop(void *job)
{
    job_free(job);
}

size_t job_bytes(const struct job *job)
{
    return sizeof *job + job->frame.cap + job->out.cap + job->records.len + job->held.cap;
}

void job_refuse(struct job *job, uint64_t seq, enum err code, bool final)
{
    job->refused = true;
    job->refused_seq = seq;
    job->code = code;
    job->final = final;
    snprintf(job->text, sizeof job->text, "%s", err_message());
}

void jobs_put(struct jobs *jobs, struct job *job)
{
    job->after = NULL;
    if (jobs->last != NULL)
        jobs->last->after = job;
    else
        jobs->first = job;
    jobs->last = job;
    jobs->count++;
    jobs->bytes += job_bytes(job);
}

void jobs_put_back(struct jobs *jobs, struct job *job)
{
    job->after = jobs->first;
    jobs->first = job;
    if (jobs->last == NULL)
        jobs->last = job;
    jobs->count++;
    jobs->bytes += job_bytes(job);
}

struct job *jobs_take(struct jobs *jobs)
{
    struct job *job = jobs->first;
    if (job == NULL)
        return NULL;
    jobs->first = job->after;
    if (jobs->first == NULL)
        jobs->last = NULL;
    jobs->count--;
    jobs->bytes -= job_bytes(job);
    return job;
}
