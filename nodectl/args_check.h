/* args_check: whether a value fits its option, and what was meant when it does not. */
#pragma once

#include "nodectl/args.h"

/* The nearest of the words considered; "" when none is near. Begins as { "", 99 }. */
struct args_nearest {
    char word[80];
    unsigned distance;
};
void args_consider(struct args_nearest *best, const char *typed, const char *word);

/* E_USAGE with a hint: no number, no date, no word of its list. */
enum err args_check(const struct arg_option *option, const char *text);
