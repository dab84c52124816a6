#include "hubd/credit.h"

static int64_t share(const struct credit *credit)
{
    if (credit->out < (int64_t)(credit->budget / 2))
        return (int64_t)credit->window;
    if (credit->out >= (int64_t)credit->budget)
        return (int64_t)credit->floor;
    uint64_t fair = credit->budget / (credit->sessions > 0 ? credit->sessions : 1);
    if (fair > credit->window)
        fair = credit->window;
    return (int64_t)(fair < credit->floor ? credit->floor : fair);
}

static uint64_t fill(struct credit *credit, int64_t *held)
{
    int64_t lacks = share(credit) - *held;
    if (lacks <= 0)
        return 0;
    *held += lacks;
    credit->out += lacks;
    return (uint64_t)lacks;
}

uint64_t credit_open(struct credit *credit, int64_t *held)
{
    *held = 0;
    credit->sessions++;
    return fill(credit, held);
}

uint64_t credit_return(struct credit *credit, int64_t *held, uint64_t bytes)
{
    *held -= (int64_t)bytes; /* below zero after one large record */
    credit->out -= (int64_t)bytes;
    return fill(credit, held);
}

void credit_close(struct credit *credit, int64_t *held)
{
    credit->sessions--;
    credit->out -= *held;
    *held = 0;
}
