# SANITIZE=address,undefined or SANITIZE=thread, for everything that is ours.
if(SANITIZE)
  add_compile_options(-fsanitize=${SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${SANITIZE})
endif()
if(FUZZING)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
