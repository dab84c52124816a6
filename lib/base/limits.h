/* limits: the most of everything that a stranger can size. Compared before a byte is parsed. */
#pragma once

#define MAX_PAYLOAD_BYTES 262144U             /* kind 1 */
#define MAX_IDENTITY_PAYLOAD_BYTES 16384U     /* kinds 2 and 3 */
#define MAX_EVENT_PAYLOAD_BYTES 4096U         /* kind 4 */
#define MAX_LARGE_EVENT_PAYLOAD_BYTES 131072U /* kind 4, types 204, 205 and 207 */

#define MAX_RUN_RECORDS 256U       /* one signature vouches for so many */
#define MAX_BATCH_BYTES 262144U    /* of records in one message, or one record */
#define MAX_MESSAGE_BYTES 524288U  /* one frame between peers */
#define MAX_CONTROL_BYTES 4194304U /* one frame between nodectl and a daemon */
#define MAX_DECODE_BYTES 8388608U  /* what decoding one message may allocate */

#define MAX_NAME_BYTES 64U /* us-oh-dayton */
#define MAX_TITLE_BYTES 200U
#define MAX_ENDPOINT_BYTES 255U
#define MAX_FRONTIER_FEEDS 1024U /* in one message */
#define MAX_CONFIG_BYTES 1048576U
#define MAX_QUERY_BYTES 4096U
#define MAX_QUERY_TERMS 64U
#define MAX_PAGE_ROWS 10000U /* rows of one answer; the next page asks again */
#define MAX_CSV_FIELD_BYTES 65536U
