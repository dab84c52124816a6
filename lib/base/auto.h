/* auto: scope cleanup. AUTO(buf_clear) struct buf out = { 0 }; runs buf_clear(&out) when out goes. */
#pragma once

#define AUTO(destructor) __attribute__((cleanup(destructor)))

/* For free(): AUTO(free_ptr) char *text = ...; */
void free_ptr(void *pointer_to_pointer);
