#include "nodectl/args_check.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "core/statement.h"
#include "nodectl/errors.h"

void args_consider(struct args_nearest *best, const char *typed, const char *word)
{
    unsigned distance = text_distance(typed, word);
    size_t typed_len = strlen(typed);
    if (typed_len >= 3 && strncmp(typed, word, typed_len) == 0)
        distance = 1; /* the beginning of it */
    if (distance < best->distance && distance <= (strlen(word) > 4 ? 3 : 2)) {
        best->distance = distance;
        snprintf(best->word, sizeof best->word, "%s", word);
    }
}

bool args_word(const char *words, size_t i, char *out, size_t size)
{
    if (words[0] == '@') {
        const ProtobufCEnumDescriptor *type = statement_enum(words + 1);
        if (type == NULL || i + 1 >= type->n_values) /* the first is "not stated", and never typed */
            return false;
        statement_word(type, type->values[i + 1].value, out, size);
        return true;
    }
    for (; i > 0 && words[0] != 0; i--) {
        words += strcspn(words, " ");
        words += words[0] == ' ';
    }
    if (words[0] == 0)
        return false;
    snprintf(out, size, "%.*s", (int)strcspn(words, " "), words);
    return true;
}

void args_words(const char *words, struct buf *out)
{
    char word[80];
    for (size_t i = 0; args_word(words, i, word, sizeof word); i++)
        buf_printf(out, "%s%s", i > 0 ? ", " : "", word);
}

static bool word_fits(const char *words, const char *text)
{
    char word[80];
    int value;
    if (words[0] == '@')
        return statement_value(statement_enum(words + 1), text, &value) && value > 0;
    for (size_t i = 0; args_word(words, i, word, sizeof word); i++)
        if (strcmp(word, text) == 0)
            return true;
    return false;
}

static enum err wrong_word(const struct arg_option *option, const char *text)
{
    struct args_nearest best = { "", 99 };
    AUTO(buf_clear) struct buf all = { 0 };
    char word[80];
    for (size_t i = 0; args_word(option->words, i, word, sizeof word); i++)
        args_consider(&best, text, word);
    args_words(option->words, &all);
    if (best.word[0] != 0)
        errors_hint("did you mean %s? Allowed: %s", best.word, buf_string(&all));
    else
        errors_hint("allowed: %s", buf_string(&all));
    return fail(E_USAGE, "--%s \"%s\" is not one of its words", option->name, text);
}

static enum err wrong_date(const struct arg_option *option, const char *text)
{
    if (strlen(text) == 10 && (text[2] == '/' || text[2] == '.' || text[2] == '-'))
        errors_hint("year first: --%s %.4s-MM-DD, or only the year %.4s", option->name, text + 6, text + 6);
    else
        errors_hint("write 2024, 2024-06 or 2024-06-15, as far as it is known");
    return fail(E_USAGE, "--%s \"%s\" is not a date", option->name, text);
}

enum err args_check(const struct arg_option *option, const char *text)
{
    uint64_t number;
    uint32_t date;
    switch (option->type) {
    case ARG_NUMBER:
        if (parse_u64(text, &number) != E_OK)
            return errors_fail(E_USAGE, "digits only", "--%s \"%s\" is not a number", option->name, text);
        return E_OK;
    case ARG_DURATION:
        if (parse_duration_ms(text, &number) != E_OK)
            return errors_fail(E_USAGE, "write 72h, 30m, 10s, 250ms or 7d", "--%s \"%s\" is not a time",
                               option->name, text);
        return E_OK;
    case ARG_DATE:
        return date_parse(text, &date) == E_OK ? E_OK : wrong_date(option, text);
    case ARG_WORD:
        return word_fits(option->words, text) ? E_OK : wrong_word(option, text);
    default:
        return E_OK;
    }
}
