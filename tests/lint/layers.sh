#!/usr/bin/env bash
# Checks every #include against the layer table of doc/ARCHITECTURE.md: who may see whom, and which files
# alone may see which outside library. Prints each breach, exits 1 when there is one.
set -u
cd "${1:-.}" || exit 2
bad=0

# folder | layers it may include
may_see() {
  case "$1" in
    lib/base/*) echo base ;;
    lib/core/*) echo base core ;;
    lib/store/*) echo base core store ;;
    lib/net/*) echo base core net ;;
    lib/app/*) echo base core app ;;
    lib/registry/*) echo base core store app registry ;;
    daemon/*) echo base core store net app registry daemon ;;
    hubd/*) echo base core store net app registry hubd ;;
    nodectl/cmd_init.c) echo base core store net app nodectl ;; # later also cmd_restore.c and cmd_fsck.c
    nodectl/*) echo base core net app nodectl ;;
  esac
}

# lib/core is pure: of the C library it sees what neither does I/O (stdio.h is for snprintf) nor knows time and
# threads; of the rest, what only_in names.
pure="assert.h ctype.h inttypes.h limits.h stdalign.h stdarg.h stdbool.h stddef.h stdint.h stdio.h stdlib.h string.h"

libc="$pure errno.h fcntl.h ftw.h getopt.h langinfo.h locale.h math.h poll.h pthread.h signal.h spawn.h stdatomic.h strings.h
sys/* termios.h time.h unistd.h"

matches() { # file, patterns
  local file=$1 pattern
  shift
  for pattern in "$@"; do
    # shellcheck disable=SC2254
    case "$file" in $pattern) return 0 ;; esac
  done
  return 1
}

# outside header (a pattern) | the only files that may see it
only_in() {
  case "$1" in
    sodium*) echo "lib/core/id.c lib/app/secret.c" ;;
    openssl/*) echo "lib/core/hash.c" ;;
    lmdb.h) echo "lib/store/db_private.h" ;;
    czmq.h | zmq.h) echo "lib/net/peer.c lib/net/zap.c lib/app/control_socket.c daemon/uplink.c hubd/front.c" ;;
    statement.pb-c.h) echo "lib/core/statement.c lib/core/identity.c lib/core/federation.c lib/core/words.c" ;;
    sync.pb-c.h) echo "lib/net/wire.c" ;;
    control.pb-c.h) echo "lib/app/control.c" ;;
    protobuf-c/*) echo "lib/core/decode.h lib/core/statement.h" ;;
    jansson.h) echo "lib/app/* lib/registry/* daemon/* hubd/* nodectl/*" ;;
    confuse.h) echo "lib/app/conf.c" ;;
    csv.h) echo "lib/app/importer_table.c" ;;
    systemd/*) echo "lib/app/service.c" ;;
    roaring/*) echo "hubd/view/postings.c" ;;
    libsmartcols*) echo "nodectl/out.c" ;;
    *) matches "$1" $libc && echo "*" ;; # what nobody named is nowhere
  esac
}

set -f # the patterns above are not file names
while IFS=: read -r file line text; do
  header=$(sed -E 's/^[^<"]*[<"]([^>"]*)[>"].*/\1/' <<<"$text")
  case "$text" in
    *'<'*)
      # shellcheck disable=SC2046
      matches "$file" $(only_in "$header") || { echo "$file:$line: may not include <$header>"; bad=1; }
      # shellcheck disable=SC2086
      if [[ $file == lib/core/* ]] && matches "$header" $libc && ! matches "$header" $pure; then
        echo "$file:$line: lib/core is pure: not <$header>"
        bad=1
      fi
      ;;
    *)
      case "$header" in
        *.pb-c.h)
          # shellcheck disable=SC2046
          matches "$file" $(only_in "$header") || { echo "$file:$line: may not include \"$header\""; bad=1; }
          ;;
        store/db_private.h) # lmdb.h comes with it
          matches "$file" lib/store/db.c lib/store/db_cursor.c || { echo "$file:$line: may not include \"$header\""; bad=1; }
          ;;
        */*)
          layer=${header%%/*}
          [[ " $(may_see "$file") " == *" $layer "* ]] || { echo "$file:$line: may not include \"$header\""; bad=1; }
          ;;
        *) # a header of the file's own folder, or a made one
          [ -e "$(dirname "$file")/$header" ] || { echo "$file:$line: include \"$header\" by its layer"; bad=1; }
          ;;
      esac
      ;;
  esac
done < <(set +f; grep -nHE '^[[:space:]]*#[[:space:]]*include' lib/*/*.[ch] daemon/*.[ch] hubd/*.[ch] hubd/*/*.[ch] nodectl/*.[ch] 2>/dev/null)
exit $bad
