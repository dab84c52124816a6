/* sample: the commented configuration of a fresh home. The daemon itself writes it: it knows best what it
 * reads. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

/* What `noded --print-conf` or `hubd --print-conf` prints; the program beside this one, else that of PATH. A
 * line that says where to look when neither answers. */
void sample_conf(const char *program, struct buf *out);
/* Whether the daemon would start with the configuration of that home: E_USAGE with what it says of it. E_OK
 * also when no daemon is installed here. */
enum err sample_check(const char *program, const char *home);
/* "name=value" as a line of the file, the value quoted unless it is a {list}. */
void sample_setting(const char *setting, struct buf *out);
