#include "store/db_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "store/db.h"

#define MAGIC 0xBEEFC0DEU
#define VERSION 1U
#define NO_PAGE UINT64_MAX
#define MAX_DEPTH 32U
#define SLACK_BYTES 1048576U /* pages at the end of a file that no commit had to write */
#define TRIES 5              /* a writer may be at it while we look */

struct tree {
    uint32_t page_bytes; /* in the first tree of a header */
    uint16_t flags, depth;
    uint64_t branch_pages, leaf_pages, overflow_pages, entries, root;
};

/* As it lies in the file, in the machine's own byte order. */
struct head {
    uint64_t page[2];
    uint32_t magic, version;
    uint64_t address, map_bytes;
    struct tree unused, main;
    uint64_t last_page, txn;
};
_Static_assert(sizeof(struct head) == 152, "the header's layout");

static bool is_tree(const struct tree *tree, uint16_t flags, uint64_t last_page)
{
    bool empty = tree->root == NO_PAGE && tree->depth == 0;
    bool full = tree->root > 1 && tree->root <= last_page && tree->depth > 0 && tree->depth < MAX_DEPTH;
    return tree->flags == flags && (empty || full) && tree->leaf_pages <= last_page &&
           tree->branch_pages <= last_page;
}

static enum err read_head(int fd, off_t at, const char *path, struct head *head)
{
    enum { INTEGER_KEYS = 8 };
    ssize_t got = pread(fd, head, sizeof(*head), at);
    if (got < 0)
        return fail_errno(E_IO, "%s", path);
    if (got < (ssize_t)sizeof(*head) || head->magic != MAGIC)
        return fail(E_CORRUPT, "%s is no LMDB file", path);
    if (head->version != VERSION)
        return fail(E_VERSION, "%s is of LMDB's format %" PRIu32 ", not %u", path, head->version, VERSION);
    uint32_t page = head->unused.page_bytes;
    if (page < 512 || page > 32768 || (page & (page - 1)) != 0 || head->last_page >= INT64_MAX / page ||
        !is_tree(&head->unused, INTEGER_KEYS, head->last_page) || !is_tree(&head->main, 0, head->last_page))
        return fail(E_CORRUPT, "%s: the header is broken", path);
    return E_OK;
}

/* The two headers are of two commits that follow each other, the even one first. */
static enum err check_heads(int fd, const char *path, uint64_t *bytes)
{
    struct head even;
    struct head odd;
    TRY(read_head(fd, 0, path, &even));
    TRY(read_head(fd, even.unused.page_bytes, path, &odd));
    bool fresh = even.txn == 0 && odd.txn == 0;
    bool follow = even.txn % 2 == 0 && (odd.txn == even.txn + 1 || odd.txn + 1 == even.txn);
    if (odd.unused.page_bytes != even.unused.page_bytes || !(fresh || follow))
        return fail(E_CORRUPT, "%s: the two headers contradict each other", path);
    *bytes = ((even.txn > odd.txn ? even.last_page : odd.last_page) + 1) * even.unused.page_bytes;
    return E_OK;
}

/* Beside a writer the file must never become shorter; alone it must not need room on the disk. */
static enum err lengthen(int fd, const char *path, uint64_t have, uint64_t want, bool sole)
{
    int rc = sole ? ftruncate(fd, (off_t)want) : fallocate(fd, 0, (off_t)have, (off_t)(want - have));
    if (rc == 0)
        return E_OK;
    if (errno == EBADF)
        return fail(E_CORRUPT, "%s ends within its last pages", path);
    return fail_errno(E_IO, "%s", path);
}

static enum err check_open_file(int fd, const char *path, bool sole)
{
    uint64_t want = 0;
    enum err code = E_CORRUPT;
    struct stat st;
    if (fstat(fd, &st) != 0)
        return fail_errno(E_IO, "%s", path);
    if (st.st_size == 0)
        return E_OK;
    for (int i = 0; i < TRIES && code == E_CORRUPT; i++)
        code = check_heads(fd, path, &want);
    TRY(code);
    if (fstat(fd, &st) != 0)
        return fail_errno(E_IO, "%s", path);
    uint64_t have = (uint64_t)st.st_size;
    if (have >= want)
        return E_OK;
    if (want - have > SLACK_BYTES)
        return fail(E_CORRUPT, "%s is cut off: %" PRIu64 " of %" PRIu64 " bytes", path, have, want);
    return lengthen(fd, path, have, want, sole);
}

static bool is_denied(int error)
{
    return error == EACCES || error == EROFS || error == EPERM;
}

enum err db_file_check(const char *path, bool sole)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0 && is_denied(errno) && !sole)
        fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return E_OK;
    if (fd < 0)
        return fail_errno(is_denied(errno) ? E_DENIED : E_IO, "%s", path);
    enum err code = check_open_file(fd, path, sole);
    close(fd);
    return code;
}

enum err db_drop(const char *folder)
{
    static const char *const names[] = { "data.mdb", "lock.mdb", "unsynced" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        AUTO(free_ptr) char *path = path_join(folder, names[i]);
        if (unlink(path) != 0 && errno != ENOENT)
            return fail_errno(E_IO, "%s", path);
    }
    return E_OK;
}
