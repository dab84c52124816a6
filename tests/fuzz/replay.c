/* replay: runs a fuzz target over every file of the folders named, without libFuzzer. A folder without any is
 * an error: a corpus that got lost must not pass for one that holds. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "fuzz.h"

#define MAX_INPUT_BYTES (16U << 20)

static enum err replay_file(const char *path)
{
    AUTO(buf_clear) struct buf content = { 0 };
    TRY(file_read(path, MAX_INPUT_BYTES, &content));
    /* A block of just its size, so that a read past the end is seen. */
    AUTO(free_ptr) uint8_t *exact = mem_copy(content.data, content.len);
    LLVMFuzzerTestOneInput(exact, content.len);
    return E_OK;
}

static enum err replay_folder(const char *folder, size_t *files)
{
    DIR *dir = opendir(folder);
    if (dir == NULL)
        return fail_errno(E_NOT_FOUND, "%s", folder);
    enum err err = E_OK;
    for (struct dirent *e = readdir(dir); e != NULL && err == E_OK; e = readdir(dir)) {
        if (e->d_name[0] == '.')
            continue;
        AUTO(free_ptr) char *path = path_join(folder, e->d_name);
        err = replay_file(path);
        ++*files;
    }
    closedir(dir);
    if (err == E_OK && *files == 0)
        return fail(E_NOT_FOUND, "%s is empty", folder);
    return err;
}

int main(int argc, char **argv)
{
    size_t files = 0;
    for (int i = 1; i < argc; i++)
        if (replay_folder(argv[i], &files) != E_OK) {
            fprintf(stderr, "%s\n", err_message());
            return 1;
        }
    printf("%zu inputs replayed\n", files);
    return files > 0 ? 0 : 1;
}
