#include "hubd/credit.h"

static int64_t share(const struct credit *credit)
{
    uint64_t part = credit->tight ? 2 : 1;
    uint64_t window = credit->window / part, budget = credit->budget / part;
    if (window < credit->floor)
        window = credit->floor;
    if (credit->out < (int64_t)(budget / 2))
        return (int64_t)window;
    if (credit->out >= (int64_t)budget)
        return (int64_t)credit->floor;
    uint64_t fair = budget / (credit->sessions > 0 ? credit->sessions : 1);
    if (fair > window)
        fair = window;
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
