/* cppcheck sees no outside header: this is what jansson's loops do. */
#define json_array_foreach(array, index, value)                                                              \
    for (index = 0; (value = json_array_get(array, index)) != NULL; index++)
#define json_object_foreach(object, key, value)                                                              \
    for (key = json_next(object); (value = json_object_get(object, key)) != NULL; key = json_next(object))
