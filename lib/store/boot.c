#include "store/boot.h"

#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "store/disk.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define MARK "unsynced"
#define ID_BYTES 64

enum err boot_enter(const char *folder, bool works, bool *marked)
{
    AUTO(free_ptr) char *path = path_join(folder, MARK);
    AUTO(buf_clear) struct buf now = { 0 }, then = { 0 };
    bool known = file_read(BOOT_ID, ID_BYTES, &now) == E_OK;
    enum err err = file_read(path, ID_BYTES, &then);
    if (err != E_OK && err != E_NOT_FOUND && err != E_TOO_BIG)
        return err;
    if (err == E_TOO_BIG || (err == E_OK && !(known && bytes_equal(buf_view(&now), buf_view(&then)))))
        return fail(E_CORRUPT, "%s: the machine went down before what was written there was synced", folder);
    *marked = works && known;
    if (!*marked || err == E_OK)
        return E_OK;
    err = file_write(path, buf_view(&now), 0600);
    if (err != E_FULL)
        return err;
    *marked = false; /* on a full disk there is much to be read, and little to be written */
    return E_OK;
}

void boot_leave(const char *folder)
{
    AUTO(free_ptr) char *path = path_join(folder, MARK);
    if (unlink(path) == 0)
        disk_sync_folder(folder);
}
